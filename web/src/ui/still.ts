/** A part of the page that is drawn again only when something that it is given is another thing than before. */
import { Component, createElement, type ComponentType, type FunctionComponent } from "preact";

export function still<P extends object>(view: FunctionComponent<P>): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = new Map<string, unknown>(Object.entries(this.props));
      return Object.entries(next).some(([name, value]) => before.get(name) !== value);
    }

    override render() {
      return createElement(view, this.props);
    }
  };
}
