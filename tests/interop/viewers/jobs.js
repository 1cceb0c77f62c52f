// What both pages do: ask for a series, let the viewer read it, post what the viewer holds; until nothing is left.
//
// `look(urls)` returns images: {sizes: [columns, rows, slices], volumes, step, samples, affine, voxels}; `volumes` is
// null without an axis of volumes, `step` the seconds from one to the next, null if the viewer says none; `affine` maps
// (column, row, slice) to LPS mm, row by row; `voxels` are real values, samples fastest, then columns, rows, slices,
// volumes.
export async function serve(look) {
  for (;;) {
    const job = await (await fetch('/job')).json();
    if (!job) return;
    await post(await answer(look, job.urls));
  }
}

// From three columns of direction cosines, spacing in mm and origin.
export function affine(directions, spacing, origin) {
  return [0, 1, 2].map((i) => [...directions.map((one, axis) => one[i] * spacing[axis]), origin[i]]).concat([[0, 0, 0, 1]]);
}

async function answer(look, urls) {
  let failed;
  const failure = new Promise((_, reject) => {
    failed = (event) => reject(event.reason ?? event.error ?? new Error(event.message));
    addEventListener('unhandledrejection', failed);
    addEventListener('error', failed);
  });
  try {
    return { images: await Promise.race([look(urls), failure]) };
  } catch (error) {
    return { images: [], error: text(error) };
  } finally {
    removeEventListener('unhandledrejection', failed);
    removeEventListener('error', failed);
  }
}

function text(error) {
  const inner = error?.error ?? error;
  return String(inner?.stack ?? inner?.message ?? inner).slice(0, 2000);
}

// The lengths of the voxels stand in the head, the voxels follow as float64.
async function post({ images, error = null }) {
  const head = images.map(({ voxels, ...rest }) => ({ ...rest, length: voxels.length }));
  const bytes = new TextEncoder().encode(JSON.stringify({ images: head, error }));
  const parts = [new Uint32Array([bytes.length]), bytes, ...images.map(({ voxels }) => Float64Array.from(voxels))];
  await fetch('/seen', { method: 'POST', body: new Blob(parts) });
}
