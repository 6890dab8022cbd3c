/** Small virtual DOM: `h` describes elements, `render` brings a container into that shape and keeps focus and drags. */

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "use", "path", "circle"]);
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "indeterminate"]);

/** Describe an element: `h("button", { class: "primary", onclick }, "Render")`. Null and false children are left out. */
export function h(tag, props, ...children) {
  const kept = children.flat(Infinity).filter((child) => child != null && child !== false);
  return { tag, props: props ?? {}, children: kept };
}

/** An icon of `icons.svg`, hidden from screen readers: the button around it has the name. */
export function icon(name) {
  return h("svg", { class: "icon", "aria-hidden": "true" }, h("use", { href: `/static/icons.svg#${name}` }));
}

/** Make the children of `parent` those described by `wanted`. Elements with equal `key` (or tag and order) stay. */
export function render(parent, ...wanted) {
  const children = wanted.flat(Infinity).filter((child) => child != null && child !== false);
  const keyed = new Map();
  const rest = [];
  for (const node of parent.childNodes) {
    const key = node.described?.props.key;
    if (key !== undefined) keyed.set(key, node);
    else rest.push(node);
  }
  let place = parent.firstChild;
  for (const child of children) {
    const node = update(pick(child, keyed, rest), child);
    if (node !== place) parent.insertBefore(node, place);
    else place = place.nextSibling;
  }
  for (const node of [...keyed.values(), ...rest]) node.remove();
}

function pick(child, keyed, rest) {
  if (typeof child !== "object") return take(rest, (node) => node.nodeType === Node.TEXT_NODE);
  const { key } = child.props;
  if (key === undefined) return take(rest, (node) => node.described?.tag === child.tag);
  const found = keyed.get(key);
  if (found?.described.tag !== child.tag) return undefined;
  keyed.delete(key);
  return found;
}

function take(nodes, fits) {
  const index = nodes.findIndex(fits);
  return index < 0 ? undefined : nodes.splice(index, 1)[0];
}

function update(node, wanted) {
  if (typeof wanted !== "object") return updateText(node, String(wanted));
  const made = node ?? create(wanted.tag);
  const before = made.described?.props ?? {};
  render(made, wanted.children);
  for (const name of Object.keys(before)) if (!(name in wanted.props)) setProp(made, name, null);
  for (const [name, value] of Object.entries(wanted.props)) setProp(made, name, value, before[name]);
  made.described = wanted;
  return made;
}

function updateText(node, text) {
  if (!node) return document.createTextNode(text);
  if (node.data !== text) node.data = text;
  return node;
}

function create(tag) {
  return SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
}

function setProp(node, name, value, before) {
  if (name === "key") return;
  if (name === "ref") return void value?.(node);
  if (name === "style") Object.entries(value ?? {}).forEach(([key, css]) => node.style.setProperty(key, css));
  else if (name.startsWith("on")) node[name] = value;
  else if (PROPERTIES.has(name) && node.tagName !== "PROGRESS") {
    if (node[name] !== value && !(name === "value" && node === document.activeElement && node.type === "text"))
      node[name] = value ?? (name === "value" ? "" : false);
  } else if (value == null || value === false) node.removeAttribute(name);
  else if (value !== before) node.setAttribute(name, value === true ? "" : value);
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);
