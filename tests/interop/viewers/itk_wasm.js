// ITK in WebAssembly, as web pages such as VolView read series with it; the pipelines are files beside this one.
import { readImageDicomFileSeriesNode, readSegmentationNode } from '@itk-wasm/dicom';
import { serve } from './lines.js';

await serve(async ({ files, segmentation }) => {
  if (segmentation) return { images: [seen((await readSegmentationNode(files[0])).segImage)] };
  const { outputImage } = await readImageDicomFileSeriesNode({ inputImages: files, singleSortedSeries: false });
  return { images: [seen(outputImage)] };
});

function seen({ size, spacing, origin, direction, imageType, data }) {
  // Rows of the direction matrix: the cosines of an axis stand in a column.
  const rows = [0, 1, 2].map((i) => [...[0, 1, 2].map((axis) => direction[3 * i + axis] * spacing[axis]), origin[i]]);
  return {
    sizes: Array.from(size),
    volumes: null,
    step: null,
    samples: imageType.components,
    affine: [...rows, [0, 0, 0, 1]],
    voxels: data,
  };
}
