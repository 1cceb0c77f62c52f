// OHIF, as its makers built it, in one page for all series: goes to one address of it after another, as a person who
// follows links does, and gives the volumes that its viewports show. No volume is made here.
import { affine, serve } from './jobs.js';

const SECONDS = 100;

await until('start of OHIF', () => window.services?.displaySetService && window.extensionManager);
const { cornerstoneViewportService, displaySetService, uiNotificationService, viewportGridService } = window.services;
const { cornerstone } = window.extensionManager
  .getModuleEntry('@ohif/extension-cornerstone.utilityModule.common')
  .exports.getCornerstoneLibraries();

const notes = [];
const { show } = uiNotificationService;
uiNotificationService.show = (note) => {
  notes.push(`${note.title}: ${note.message}`);
  return show.call(uiNotificationService, note);
};

await serve(async ([address]) => {
  if (address === 'again') {
    // OHIF remembers which series a study has; a page that is loaded anew does not.
    location.assign('/');
    await new Promise(() => {});
  }
  notes.length = 0;
  const wanted = new URL(address, location.href).searchParams.get('SeriesInstanceUIDs').split(',');
  history.pushState({}, '', address);
  dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  const sets = await until('series', () => {
    const active = displaySetService.getActiveDisplaySets().filter((one) => wanted.includes(one.SeriesInstanceUID));
    return new Set(active.map((one) => one.SeriesInstanceUID)).size === wanted.length && active;
  });
  const warnings = sets.flatMap((one) => one.messages?.messages ?? []).map((one) => `message ${one.id}`);
  if (sets.every((one) => one.unsupported)) return [];
  const flat = sets.filter((one) => !one.isReconstructable).map((one) => one.numImageFrames ?? one.instances.length);
  if (flat.length && address.includes('=mpr')) {
    throw new Error(`not reconstructable: series of ${flat.join(', ')} frames; ${warnings.join(', ')}`);
  }
  const shown = await until('pictures', () => pictures(wanted));
  return shown.map((one) => ({ ...one, warnings: [...warnings, ...notes] }));
});

// What the viewports show: each volume once, or one slice; nothing as long as something is under way.
function pictures(wanted) {
  const viewports = [...viewportGridService.getState().viewports.keys()].map((id) =>
    cornerstoneViewportService.getCornerstoneViewport(id),
  );
  const { numRequests } = cornerstone.imageLoadPoolManager;
  const isIdle = Object.values(numRequests).every((count) => count === 0);
  if (!isIdle || !viewports.every((one) => one?.viewportStatus === 'rendered')) return null;
  const here = (id) => wanted.some((series) => id?.includes(series));
  const found = new Map();
  for (const viewport of viewports) {
    if (viewport.type === 'stack') {
      if (!here(viewport.getCurrentImageId())) return null;
      found.set(viewport.id, seen(slice(viewport), viewport));
    }
    for (const id of viewport.getAllVolumeIds?.() ?? []) {
      const volume = cornerstone.cache.getVolume(id);
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
    sizes: [...dimensions],
    volumes: groups,
    step: null,
    samples: voxels.length / (dimensions[0] * dimensions[1] * dimensions[2] * (groups ?? 1)),
    affine: affine(directions, spacing, origin),
    window: window_(viewport),
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
