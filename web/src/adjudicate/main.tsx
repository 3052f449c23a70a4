/** Starts the page of disagreements in `<div id="adjudication" data-project data-language data-query [data-may-decide]>` with the JSON of `#adjudication-setup`. */
import { render } from "preact";
import { createHttp, csrfFromCookie } from "../api/http";
import { object, optionalText } from "../json";
import { parseSchema } from "../schema";
import { Adjudication } from "./adjudication";
import { createDeskClient } from "./desk";
import { wordsIn } from "./words";
import "./adjudicate.css";

const root = document.getElementById("adjudication");
const data = document.getElementById("adjudication-setup");
if (root !== null && data !== null) {
  const { project = "", language = "en", query = "", api = "/api/v1/" } = root.dataset;
  const setup = object(JSON.parse(data.textContent ?? "{}"), "setup");
  const raw = object(setup.schema, "setup.schema");
  const http = createHttp({ base: api, fetch: (...call) => fetch(...call), csrfToken: () => csrfFromCookie(document.cookie) });
  render(
    <Adjudication
      client={createDeskClient(http, Number(project))} say={wordsIn(language)} schema={parseSchema(raw)} raw={raw} guidelines={optionalText(setup.guidelines)}
      language={language} query={query} pictures={`${api}pictures/`} mayDecide={root.dataset["mayDecide"] !== undefined}
    />, root,
  );
}
