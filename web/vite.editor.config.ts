import { defineConfig } from "vite";

/** The schema editor of the page "New project": one file beside the labeling page's, which it shows as a preview. */
export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    outDir: "../labeling/static/labeling/page",
    emptyOutDir: false,
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    modulePreload: false,
    rolldownOptions: {
      input: "src/editor/main.tsx",
      output: { entryFileNames: "editor.js", chunkFileNames: "editor-[name].js", assetFileNames: "editor[extname]" },
    },
  },
});
