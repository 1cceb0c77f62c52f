// Cornerstone3D's adapters: what OHIF's next version makes of a result whose source images are known.
import fs from 'node:fs';
import { adaptersPMAP, adaptersSEG } from '@cornerstonejs/adapters';
import { cache, metaData } from '@cornerstonejs/core';
import dcmjs from 'dcmjs';
import { affine } from './jobs.js';
import { serve } from './lines.js';

const { DicomMessage, DicomMetaDictionary, Colors } = dcmjs.data;
const planes = new Map();

metaData.addProvider((type, imageId) => planes.get(imageId)?.[type], 1000);

await serve(async ({ source, results }) => {
  cache.purgeCache();
  planes.clear();
  for (const [imageId, modules] of sorted(source.flatMap(images))) planes.set(imageId, modules);
  const imageIds = [...planes.keys()];
  return { images: await Promise.all(results.map((file) => overlay(file, imageIds))) };
});

async function overlay(file, imageIds) {
  const bytes = fs.readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const isMap = read(buffer).Modality !== 'SEG';
  try {
    return { ...grid(imageIds), ...(isMap ? await map(buffer, imageIds) : await segmentation(buffer, imageIds)) };
  } catch (error) {
    return { ...grid(imageIds), samples: 1, voxels: [], error: String(error.message) };
  }
}

async function map(buffer, imageIds) {
  const { pixelData } = await adaptersPMAP.Cornerstone3D.ParametricMap.generateToolState(imageIds, buffer, metaData);
  return { samples: 1, voxels: pixelData };
}

// Segments that overlap come as several layers.
async function segmentation(buffer, imageIds) {
  const { createFromDICOMSegBuffer } = adaptersSEG.Cornerstone3D.Segmentation;
  const { labelMapImages, segMetadata } = await createFromDICOMSegBuffer(imageIds, buffer, { metadataProvider: metaData });
  return {
    volumes: labelMapImages.length,
    samples: 1,
    voxels: labelMapImages.flatMap((layer) => layer.flatMap((image) => [...image.voxelManager.getScalarData()])),
    segments: segMetadata.data.filter(Boolean).map((segment) => ({
      number: Number(segment.SegmentNumber),
      name: segment.SegmentLabel,
      colour: Colors.dicomlab2RGB(segment.RecommendedDisplayCIELabValue).map((part) => Math.round(part * 255)),
    })),
  };
}

function read(buffer) {
  return DicomMetaDictionary.naturalizeDataset(DicomMessage.readFile(buffer).dict);
}

// The frames of a file with the attributes that stand in their functional groups.
function images(file) {
  const bytes = fs.readFileSync(file);
  const instance = read(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const base = `wadors:/${instance.SOPInstanceUID}`;
  const groups = instance.PerFrameFunctionalGroupsSequence;
  if (!groups) return [[`${base}/frames/1`, modules(instance)]];
  const shared = first(instance.SharedFunctionalGroupsSequence);
  return groups.map((group, index) => {
    const place = { ...shared, ...group };
    const frame = {
      ...instance,
      ...first(place.PixelMeasuresSequence),
      ...first(place.PlaneOrientationSequence),
      ...first(place.PlanePositionSequence),
    };
    return [`${base}/frames/${index + 1}`, modules(frame)];
  });
}

function modules(instance) {
  const orientation = [...instance.ImageOrientationPatient].map(Number);
  const [rowCosines, columnCosines] = [orientation.slice(0, 3), orientation.slice(3)];
  const [rowPixelSpacing, columnPixelSpacing] = [...instance.PixelSpacing].map(Number);
  const imagePositionPatient = [...instance.ImagePositionPatient].map(Number);
  return {
    instance,
    generalSeriesModule: { seriesInstanceUID: instance.SeriesInstanceUID, modality: instance.Modality },
    generalImageModule: { sopInstanceUID: instance.SOPInstanceUID },
    imagePixelModule: { bitsAllocated: 16, bitsStored: 16, highBit: 15, samplesPerPixel: 1, pixelRepresentation: 1 },
    imagePlaneModule: {
      frameOfReferenceUID: instance.FrameOfReferenceUID,
      rows: instance.Rows,
      columns: instance.Columns,
      imageOrientationPatient: orientation,
      rowCosines,
      columnCosines,
      imagePositionPatient,
      rowPixelSpacing,
      columnPixelSpacing,
      pixelSpacing: [rowPixelSpacing, columnPixelSpacing],
      sliceThickness: Number(instance.SliceThickness),
    },
  };
}

function sorted(frames) {
  const [, { imagePlaneModule }] = frames[0];
  const across = normal(imagePlaneModule);
  return frames.sort(([, one], [, other]) => along(one, across) - along(other, across));
}

function along({ imagePlaneModule: { imagePositionPatient } }, across) {
  return imagePositionPatient.reduce((sum, value, axis) => sum + value * across[axis], 0);
}

function normal({ rowCosines: [a, b, c], columnCosines: [d, e, f] }) {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function grid(imageIds) {
  const [start, end] = [imageIds[0], imageIds.at(-1)].map((one) => planes.get(one).imagePlaneModule);
  const across = normal(start);
  const distance = (along({ imagePlaneModule: end }, across) - along({ imagePlaneModule: start }, across)) / (imageIds.length - 1);
  return {
    sizes: [start.columns, start.rows, imageIds.length],
    volumes: null,
    step: null,
    affine: affine(
      [start.rowCosines, start.columnCosines, across],
      [start.columnPixelSpacing, start.rowPixelSpacing, distance],
      start.imagePositionPatient,
    ),
  };
}

function first(sequence) {
  return Array.isArray(sequence) ? sequence[0] : sequence;
}
