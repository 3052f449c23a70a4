import { defineConfig } from "vite";

/** The schema editor and the page of disagreements: bundles beside the labeling page's, which both show. */
export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    outDir: "../labeling/static/labeling/page",
    emptyOutDir: false,
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    modulePreload: false,
    rolldownOptions: {
      input: { editor: "src/editor/main.tsx", adjudicate: "src/adjudicate/main.tsx" },
      output: { entryFileNames: "[name].js", chunkFileNames: "editor-[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
