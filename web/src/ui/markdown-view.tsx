/** Guidelines as DOM nodes; nothing here takes HTML as text. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { parseMarkdown, type Block, type Inline } from "../text/markdown";

function inline(parts: readonly Inline[]): ComponentChildren {
  return parts.map((part, i) => {
    switch (part.type) {
      case "text": return part.text;
      case "code": return <code key={i}>{part.text}</code>;
      case "strong": return <strong key={i}>{inline(part.children)}</strong>;
      case "emphasis": return <em key={i}>{inline(part.children)}</em>;
      case "link": return <a key={i} href={part.href} target="_blank" rel="noopener noreferrer">{inline(part.children)}</a>;
    }
  });
}

function block(part: Block, key: number): ComponentChildren {
  switch (part.type) {
    case "heading": return part.level < 3 ? <h3 key={key}>{inline(part.children)}</h3> : <h4 key={key}>{inline(part.children)}</h4>;
    case "paragraph": return <p key={key}>{inline(part.children)}</p>;
    case "quote": return <blockquote key={key}>{inline(part.children)}</blockquote>;
    case "code": return <pre key={key}><code>{part.text}</code></pre>;
    case "rule": return <hr key={key} />;
    case "list": {
      const items = part.items.map((item, i) => <li key={i}>{inline(item)}</li>);
      return part.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
  }
}

export function MarkdownView({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source]);
  return <div class="lp-prose">{blocks.map(block)}</div>;
}
