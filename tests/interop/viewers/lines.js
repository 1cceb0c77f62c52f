// What the readers run by node do: take one job a line, answer with one line, until there are no more.
//
// `look(job)` returns images as those of the pages (see jobs.js), or anything else that JSON can hold. Voxels go as
// base64 of float64.
import readline from 'node:readline';

// A package's own prints would stand between the answers.
console.log = console.info = console.error;

export async function serve(look) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(look, JSON.parse(line)))}\n`);
  }
}

async function answer(look, job) {
  try {
    const { images = [], ...rest } = await look(job);
    return { ...rest, error: null, images: images.map(({ voxels, ...image }) => ({ ...image, voxels: base64(voxels) })) };
  } catch (error) {
    return { images: [], error: String(error?.stack ?? error).slice(0, 2000) };
  }
}

function base64(voxels) {
  return Buffer.from(Float64Array.from(voxels, Number).buffer).toString('base64');
}
