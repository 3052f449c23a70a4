import { defineConfig } from "vitest/config";

const fixture = "http://127.0.0.1:5175";

export default defineConfig({
  base: "./",
  publicDir: false,
  server: { port: 5174, strictPort: true, proxy: { "/api/": fixture, "/dev/": fixture } },
  build: {
    outDir: "../labeling/static/labeling/page",
    emptyOutDir: true,
    target: ["chrome123", "edge123", "firefox121", "safari17.5"],
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: "src/main.tsx",
      output: {
        entryFileNames: "page.js",
        chunkFileNames: "page-[name].js",
        assetFileNames: "page[extname]",
      },
    },
  },
  test: { silent: "passed-only", include: ["test/**/*.test.{ts,tsx}"] },
});
