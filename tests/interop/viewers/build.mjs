// Bundles the pages into dist/. Workers and codecs that a package finds with `new URL(x, import.meta.url)` are put
// beside them: workers bundled as well, anything else copied.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';

const DIST = 'dist';
const workers = new Set();

// Names of node's modules stand in code that no browser reaches.
const nodeModules = {
  name: 'node-modules',
  setup(build) {
    build.onResolve({ filter: /^(events|url|fs|path|module)$/ }, () => ({ path: 'stub', namespace: 'stub' }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'export class EventEmitter { on() {} emit() {} } export const URL = globalThis.URL; export default {}',
    }));
  },
};

const besides = {
  name: 'besides',
  setup(build) {
    build.onLoad({ filter: /node_modules[\\/]@(cornerstonejs|niivue)[\\/].*\.m?js$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, 'utf8');
      const contents = source.replace(/new URL\(['"]([^'"]+)['"],\s*import\.meta\.url\)/g, (_, name) => {
        const beside = path.resolve(path.dirname(file), name);
        const wanted = fs.existsSync(beside) ? beside : createRequire(file).resolve(name);
        if (/\.m?js$/.test(wanted)) workers.add(wanted);
        else fs.copyFileSync(wanted, path.join(DIST, path.basename(wanted)));
        return `new URL('./${path.basename(wanted)}', import.meta.url)`;
      });
      return { contents, loader: 'js', resolveDir: path.dirname(file) };
    });
  },
};

const options = {
  bundle: true,
  format: 'esm',
  outdir: DIST,
  target: 'es2022',
  plugins: [nodeModules, besides],
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  logLevel: 'warning',
};

fs.rmSync(DIST, { recursive: true, force: true });
fs.mkdirSync(DIST);
await esbuild.build({ ...options, entryPoints: ['cornerstone3d.js', 'niivue.js'] });
for (const worker of workers) await esbuild.build({ ...options, entryPoints: [worker] });
// The judge of the page of `view` is used as it is.
fs.copyFileSync('node_modules/axe-core/axe.min.js', path.join(DIST, 'axe.min.js'));

// Readers that node runs; what ITK loads stands beside them.
await esbuild.build({
  bundle: true,
  format: 'esm',
  platform: 'node',
  outdir: DIST,
  outExtension: { '.js': '.mjs' },
  banner: { js: "import { createRequire as ofNode } from 'node:module'; const require = ofNode(import.meta.url);" },
  logLevel: 'warning',
  entryPoints: ['adapters.js', 'itk_wasm.js', 'suv.js', 'dcmjs_imaging.js'],
});
for (const pipeline of ['read-image-dicom-file-series', 'read-segmentation']) {
  for (const ending of ['js', 'wasm.zst']) {
    const name = `pipelines/${pipeline}.${ending}`;
    fs.mkdirSync(path.join(DIST, 'pipelines'), { recursive: true });
    fs.copyFileSync(`node_modules/@itk-wasm/dicom/dist/${name}`, path.join(DIST, name));
  }
}
