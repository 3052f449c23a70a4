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
      case "nested": return <div key={i} class="lp-nested">{part.blocks.map(block)}</div>;
      case "link": return <a key={i} href={part.href} target="_blank" rel="noopener noreferrer">{inline(part.children)}</a>;
    }
  });
}

function block(part: Block, key: number): ComponentChildren {
  switch (part.type) {
    case "heading": return part.level < 3 ? <h3 key={key}>{inline(part.children)}</h3> : <h4 key={key}>{inline(part.children)}</h4>;
    case "paragraph": return <p key={key}>{inline(part.children)}</p>;
    case "quote": return <blockquote key={key}>{inline(part.children)}</blockquote>;
    case "code": return <pre key={key} tabIndex={0}><code>{part.text}</code></pre>;
    case "rule": return <hr key={key} />;
    case "list": {
      const items = part.items.map((item, i) => <li key={i}>{inline(item)}</li>);
      return part.ordered ? <ol key={key} start={part.first === 1 ? undefined : part.first}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table": {
      const at = (i: number) => { const align = part.align[i] ?? null; return align === null ? undefined : { "text-align": align }; };
      // A wide one is scrolled to the side by itself, by the keyboard too.
      return (
        <div key={key} class="lp-table" tabIndex={0}><table>
          <thead><tr>{part.head.map((cell, i) => <th key={i} scope="col" style={at(i)}>{inline(cell)}</th>)}</tr></thead>
          <tbody>{part.rows.map((row, j) => <tr key={j}>{row.map((cell, i) => <td key={i} style={at(i)}>{inline(cell)}</td>)}</tr>)}</tbody>
        </table></div>
      );
    }
  }
}

export function MarkdownView({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source]);
  return <div class="lp-prose">{blocks.map(block)}</div>;
}
