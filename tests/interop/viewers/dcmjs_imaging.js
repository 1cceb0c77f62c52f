// dcmjs's renderer: the grey levels of each file, drawn with the window that it holds.
import fs from 'node:fs';
import dcmjsImaging from 'dcmjs-imaging';
import { serve } from './lines.js';

const { DicomImage } = dcmjsImaging;

await serve(async ({ files }) => ({ images: files.flatMap(drawn) }));

function drawn(file) {
  const bytes = fs.readFileSync(file);
  const image = new DicomImage(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const frames = Number(image.getNumberOfFrames?.() ?? 1);
  return Array.from({ length: frames }, (_, frame) => {
    const { width, height, pixels } = image.render({ frame });
    const grey = new Uint8Array(pixels).filter((_, index) => index % 4 === 0);
    return { sizes: [width, height, 1], volumes: null, step: null, samples: 1, affine: null, voxels: grey };
  });
}
