// NiiVue: what dcm2niix, built for browsers, makes of the files, and what NiiVue then holds of each image.
import { dicomLoader } from '@niivue/dicom-loader';
import { Niivue } from '@niivue/niivue';
import { serve } from './jobs.js';

const canvas = document.createElement('canvas');
document.body.append(canvas);
const viewer = new Niivue();
await viewer.attachToCanvas(canvas);

await serve(async (urls) => {
  const files = await Promise.all(
    urls.map(async (url) => ({ name: url.split('/').pop(), data: await (await fetch(url)).arrayBuffer() })),
  );
  const images = [];
  for (const { name, data } of await dicomLoader(files)) {
    viewer.volumes.slice().forEach((volume) => viewer.removeVolume(volume));
    await viewer.loadFromArrayBuffer(data, name);
    images.push(seen(viewer.volumes[0]));
  }
  return images;
});

function seen({ img, hdr }) {
  const [, columns, rows, slices, times] = hdr.dims;
  const volumes = hdr.dims[0] > 3 && times > 1 ? times : null;
  const pixels = columns * rows * slices * (volumes ?? 1);
  const [x, y, z, last] = hdr.affine.map((row) => Array.from(row));
  const slope = hdr.scl_slope || 1;
  return {
    sizes: [columns, rows, slices],
    volumes,
    step: hdr.pixDims[4],
    samples: img.length / pixels,
    affine: [x.map((value) => -value), y.map((value) => -value), z, last], // RAS to LPS
    voxels: Float64Array.from(img, (value) => value * slope + hdr.scl_inter),
  };
}
