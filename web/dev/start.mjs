/** `npm run dev`: the API fixture, and Vite in front of it. */
import { createServer } from "vite";
import "./server.mjs";

const server = await createServer();
await server.listen();
server.printUrls();
