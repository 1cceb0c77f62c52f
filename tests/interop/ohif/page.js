// OHIF, as its makers built it, in one page for all series: goes to one address of it after another, as a person who
// follows links does, and gives the volumes that its viewports show. No volume is made here.
import { affine, serve } from './jobs.js';

const SECONDS = 100;

await until('start of OHIF', () => window.services?.displaySetService && window.extensionManager);
const { cornerstoneViewportService, displaySetService, segmentationService, uiNotificationService, viewportGridService } =
  window.services;
const { cornerstone } = window.extensionManager
  .getModuleEntry('@ohif/extension-cornerstone.utilityModule.common')
  .exports.getCornerstoneLibraries();

// One context of the graphics processor draws the three planes, as on a telephone: each would be made anew for a study.
const configuration = cornerstone.getConfiguration();
cornerstone.setConfiguration({ ...configuration, rendering: { ...configuration.rendering, webGlContextCount: 1 } });

// OHIF rejects a result twice: where it was asked for it, and where nobody listens. The second is left out. So are its
// messages: that the study has more series than are shown at first would lie over the picture.
let isOverlay = false;
addEventListener('unhandledrejection', (event) => isOverlay && event.stopImmediatePropagation(), { capture: true });

const notes = [];
const { show } = uiNotificationService;
uiNotificationService.show = (note) => {
  notes.push(`${note.title}: ${note.message}`);
  return isOverlay ? '' : show.call(uiNotificationService, note);
};

await serve(async ([address, source, task, ...results]) => {
  notes.length = 0;
  isOverlay = Boolean(source);
  const { searchParams } = new URL(address, location.href);
  const wanted = searchParams.get('SeriesInstanceUIDs').split(',');
  searchParams.get('StudyInstanceUIDs').split(',').forEach(forget);
  history.pushState({}, '', address);
  dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  const sets = await until('series', () => {
    const active = displaySetService.getActiveDisplaySets().filter((one) => wanted.includes(one.SeriesInstanceUID));
    return new Set(active.map((one) => one.SeriesInstanceUID)).size === wanted.length && active;
  });
  if (source) return { read: overlays, show: layers, measure: report }[task](sets[0].StudyInstanceUID, source, results);
  const warnings = sets.flatMap((one) => one.messages?.messages ?? []).map((one) => `message ${one.id}`);
  if (sets.every((one) => one.unsupported)) return [];
  const flat = sets.filter((one) => !one.isReconstructable).map((one) => one.numImageFrames ?? one.instances.length);
  if (flat.length && address.includes('=mpr')) {
    throw new Error(`not reconstructable: series of ${flat.join(', ')} frames; ${warnings.join(', ')}`);
  }
  const shown = await until('pictures', () => pictures(wanted));
  return shown.map((one) => ({ ...one, warnings: [...warnings, ...notes] }));
});

// The results of a study over their source, in the three planes of its volume: as a person adds each in the panel.
async function overlays(study, source, results) {
  const [shown] = await until('pictures of the source', () => pictures([source]));
  const sets = await added(study, results);
  const [viewportId] = viewportGridService.getState().viewports.keys();
  const viewport = cornerstoneViewportService.getCornerstoneViewport(viewportId);
  const imageIds = shown.volumeId ? cornerstone.cache.getVolume(shown.volumeId).imageIds : viewport.getImageIds();
  const laid = [];
  for (const set of sets) {
    notes.length = 0;
    const overlay = await loaded(set, viewportId, imageIds, shown);
    laid.push({ ...overlay, series: set.SeriesInstanceUID, warnings: [...notes] });
  }
  return [shown, ...laid];
}

// The display sets of results. Shown with the study, a Parametric Map would take the planes of its source.
async function added(study, results) {
  const dataSource = forget(study);
  await dataSource.retrieve.series.metadata({ StudyInstanceUID: study, filters: { seriesInstanceUID: results } });
  return until('results', () => {
    const active = displaySetService.getActiveDisplaySets().filter((one) => results.includes(one.SeriesInstanceUID));
    return active.length === results.length && active;
  });
}

// OHIF keeps its answer about a study under this name, and asks again where it is forgotten: the study has more series.
function forget(study) {
  const [dataSource] = window.extensionManager.getActiveDataSource();
  dataSource.deleteStudyMetadataPromise(`${dataSource.getConfig().name}:${study}`);
  return dataSource;
}

// What OHIF makes of a structured report beside its source: is it one of measurements, and which has it.
async function report(study, source, results) {
  await until('pictures of the source', () => pictures([source]));
  const [set] = await added(study, results);
  await set.load();
  const { Modality: modality, isImagingMeasurementReport, isLoaded, isRehydratable, measurements } = set;
  const rows = measurements.map(({ TrackingIdentifier: name, labels }) => ({ name, labels }));
  const listed = { modality, isImagingMeasurementReport, isLoaded, isRehydratable, rows };
  return [{ sizes: [0, 0, 0], volumes: null, step: null, samples: 1, affine: null, voxels: [], report: listed }];
}

// One result as a layer of all viewports, as the menu of a viewport adds it; until it is drawn.
async function layers(study, source, results) {
  await until('pictures of the source', () => pictures([source]));
  const [set] = await added(study, results);
  const viewportIds = [...viewportGridService.getState().viewports.keys()];
  const ask = { viewportId: viewportIds[0], displaySetInstanceUID: set.displaySetInstanceUID };
  window.commandsManager.runCommand('addDisplaySetAsLayer', ask);
  await until('layers', () => viewportIds.every((id) => isLayered(id, set)) && isIdle());
  if (set.Modality === 'SEG') segmentationService.jumpToSegmentCenter(set.displaySetInstanceUID, 1, viewportIds[0]);
  if (set.Modality === 'SEG') return [];
  // OHIF sets window and opacity of a new layer in the end, and says no more.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  viewportIds.forEach((id) => coloured(cornerstoneViewportService.getCornerstoneViewport(id), set));
  return [];
}

// As a person chooses colours for a layer, how much of it is seen, and the slices through its highest value (× 100).
function coloured(viewport, { displaySetInstanceUID: id }) {
  const { dimensions, imageData, voxelManager } = cornerstone.cache.getVolume(id);
  const values = voxelManager.getCompleteScalarDataArray();
  const highest = values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
  const [columns, rows] = dimensions;
  const place = [highest % columns, Math.floor(highest / columns) % rows, Math.floor(highest / columns / rows)];
  const opacity = [[0, 0], [10, 0.5], [100, 0.9]].map(([value, part]) => ({ value, opacity: part }));
  viewport.setProperties({ colormap: { name: 'jet', opacity }, voiRange: { lower: 0, upper: 100 } }, id);
  viewport.jumpToWorld(imageData.indexToWorld(place));
  viewport.render();
}

function isLayered(viewportId, { Modality: modality, displaySetInstanceUID: id }) {
  if (modality === 'SEG') return segmentationService.getSegmentationRepresentations(viewportId).length > 0;
  return cornerstoneViewportService.getCornerstoneViewport(viewportId).getAllVolumeIds().includes(id);
}

function isIdle() {
  return Object.values(cornerstone.imageLoadPoolManager.numRequests).every((count) => count === 0);
}

async function loaded(set, viewportId, imageIds, shown) {
  try {
    const volume = await set.load({ headers: {} });
    if (set.Modality === 'SEG') return await segmentation(set, viewportId, imageIds, shown);
    if (Number.isNaN(volume.metadata.voiLut[0].windowCenter)) throw new Error('not drawn: its window is NaN');
    return seen(volume);
  } catch (error) {
    return { sizes: [0, 0, 0], volumes: null, samples: 1, affine: null, voxels: [], error: String(error.message) };
  }
}

async function segmentation(set, viewportId, imageIds, shown) {
  const segmentationId = set.displaySetInstanceUID;
  await segmentationService.addSegmentationRepresentation(viewportId, { segmentationId });
  // Over slices that form no volume there are no planes: only the layer of each slice.
  const planes = shown.volumeId
    ? seen(segmentationService.getLabelmapVolume(segmentationId))
    : { ...shown, sizes: [...shown.sizes.slice(0, 2), imageIds.length], voxels: [] };
  const layers = set.labelMapImages.map((layer) => {
    const images = new Map(layer.map((image) => [image.referencedImageId, image]));
    return imageIds.flatMap((imageId) => [...images.get(imageId).voxelManager.getScalarData()]);
  });
  const { segments } = segmentationService.getSegmentation(segmentationId);
  return {
    ...planes,
    views: shown.volumeId ? 1 : 0,
    voxels: [...planes.voxels, ...layers.flat()],
    segments: Object.values(segments).map(({ segmentIndex, label }) => ({
      number: segmentIndex,
      name: label,
      colour: segmentationService.getSegmentColor(viewportId, segmentationId, segmentIndex).slice(0, 3),
    })),
  };
}

// What the viewports show: each volume once, or one slice; nothing as long as something is under way.
function pictures(wanted) {
  const viewports = [...viewportGridService.getState().viewports.keys()].map((id) =>
    cornerstoneViewportService.getCornerstoneViewport(id),
  );
  if (!isIdle() || !viewports.every((one) => one?.viewportStatus === 'rendered')) return null;
  const here = (id) => wanted.some((series) => id?.includes(series));
  const found = new Map();
  for (const viewport of viewports) {
    if (viewport.type === 'stack') {
      if (!here(viewport.getCurrentImageId())) return null;
      found.set(viewport.id, seen(slice(viewport), viewport));
    }
    for (const id of viewport.getAllVolumeIds?.() ?? []) {
      const volume = cornerstone.cache.getVolume(id);
      if (volume && !volume.loadStatus) continue; // a layer of labels of the study before
      if (!volume?.loadStatus.loaded || !here(volume.imageIds[0])) return null;
      if (!found.has(id)) found.set(id, seen(volume, viewport));
    }
  }
  return found.size > 0 && [...found.values()];
}

function slice(viewport) {
  const { scalarData, ...grid } = viewport.getImageData();
  return { ...grid, voxelManager: { getCompleteScalarDataArray: () => scalarData } };
}

function seen(volume, viewport) {
  const { direction, dimensions, spacing, origin } = volume;
  const directions = [0, 3, 6].map((start) => Array.from(direction.slice(start, start + 3)));
  const groups = volume.numDimensionGroups > 1 ? volume.numDimensionGroups : null;
  const voxels = groups
    ? Array.from({ length: groups }, (_, index) => [...volume.voxelManager.getDimensionGroupScalarData(index + 1)]).flat()
    : volume.voxelManager.getCompleteScalarDataArray();
  return {
    volumeId: volume.volumeId,
    sizes: [...dimensions],
    volumes: groups,
    step: null,
    samples: voxels.length / (dimensions[0] * dimensions[1] * dimensions[2] * (groups ?? 1)),
    affine: affine(directions, spacing, origin),
    window: viewport ? window_(viewport) : null,
    voxels,
  };
}

function window_(viewport) {
  const { lower, upper } = viewport.getProperties()?.voiRange ?? {};
  return lower === undefined ? null : [lower, upper]; // colour has none
}

async function until(what, found) {
  const end = Date.now() + SECONDS * 1000;
  for (;;) {
    const result = found();
    if (result) return result;
    if (Date.now() > end) throw new Error(`no ${what} within ${SECONDS} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
