// Cornerstone3D: the volumes that its viewports would show, and its own idea of which images are which time.
import * as cornerstone from '@cornerstonejs/core';
import * as loader from '@cornerstonejs/dicom-image-loader';
import { affine, serve } from './jobs.js';

const { cache, imageLoader, metaData, utilities, volumeLoader } = cornerstone;
await cornerstone.init();
loader.init({ maxWebWorkers: 1 });
volumeLoader.registerVolumeLoader('static', cornerstone.cornerstoneStreamingImageVolumeLoader);
volumeLoader.registerVolumeLoader('dynamic', cornerstone.cornerstoneStreamingDynamicImageVolumeLoader);
// What splits a series by time asks for attributes by keyword; OHIF answers from the instance, and so does this page.
metaData.addProvider((type, imageId) => {
  if (!/^[A-Z][A-Za-z]+$/.test(type)) return undefined;
  return metaData.get('instance', imageId)?.[type];
});
let number = 0;

await serve(async (urls) => {
  cache.purgeCache();
  const files = urls.map((url) => `wadouri:${new URL(url, location.href).href}`);
  // The loader knows positions and rescales of loaded images only.
  await Promise.all(files.map((one) => imageLoader.loadAndCacheImage(one)));
  const imageIds = files.flatMap(frames);
  await Promise.all(imageIds.map((one) => imageLoader.loadAndCacheImage(one)));
  const { imageIdGroups } = utilities.splitImageIdsBy4DTags(imageIds);
  return [await (imageIdGroups.length > 1 ? overTime(imageIds, imageIdGroups.length) : alone(imageIds))];
});

function frames(imageId) {
  const count = Number(metaData.get('instance', imageId)?.NumberOfFrames ?? 1);
  if (count < 2) return [imageId];
  return Array.from({ length: count }, (_, index) => utilities.generateFrameImageId(imageId, index + 1));
}

async function alone(imageIds) {
  const volume = await loaded('static', imageIds);
  const { dimensions, voxelManager } = volume;
  const count = dimensions[0] * dimensions[1] * dimensions[2];
  const whole = voxelManager.getCompleteScalarDataArray();
  // Where slices of 8 bits end in a byte of padding, it stands in that array too, though in no picture.
  const isPadded = whole.length > count && whole.length < 2 * count;
  return seen(volume, null, isPadded ? Array.from({ length: count }, (_, index) => voxelManager.getAtIndex(index)) : whole);
}

async function overTime(imageIds, count) {
  const volume = await loaded('dynamic', imageIds);
  const voxels = [];
  for (let group = 1; group <= count; group += 1) voxels.push(...volume.voxelManager.getDimensionGroupScalarData(group));
  return seen(volume, count, voxels);
}

async function loaded(scheme, imageIds) {
  number += 1;
  const volume = await volumeLoader.createAndCacheVolume(`${scheme}:${number}`, { imageIds });
  volume.load();
  while (!volume.loadStatus?.loaded) await new Promise((resolve) => setTimeout(resolve, 5));
  return volume;
}

function seen(volume, volumes, voxels) {
  const { direction, dimensions, spacing, origin } = volume;
  const directions = [0, 3, 6].map((start) => Array.from(direction.slice(start, start + 3)));
  const samples = voxels.length / (dimensions[0] * dimensions[1] * dimensions[2] * (volumes ?? 1));
  return { sizes: [...dimensions], volumes, step: null, samples, affine: affine(directions, spacing, origin), voxels };
}
