// usage: node renderers.cjs FOLDER TEXTS
//
// Prints as JSON what two renderers would act on in each of the Markdown texts of a JSON file:
// [number of the text, renderer, kind, what]. FOLDER holds their node_modules.
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const { join } = require('path');

const [folder, texts] = process.argv.slice(2);
const load = createRequire(join(folder, 'package.json'));
const MarkdownIt = load('markdown-it');
const { marked } = load('marked');

// As VS Code's preview has it; then any link there is, and all that may be an address.
const preview = new MarkdownIt({ html: true, linkify: true });
preview.linkify.set({ fuzzyLink: false });
const open = new MarkdownIt({ html: true, linkify: true });
open.validateLink = () => true;

const found = [];
let number = 0;

function isPlain(href) {
  return /^https?:\/\/[^\s]/i.test(href);
}

function look(renderer, tokens) {
  for (const token of tokens) {
    if (['image', 'html_inline', 'html_block'].includes(token.type)) {
      found.push([number, renderer, token.type, token.content]);
    }
    const href = token.type === 'link_open' ? token.attrGet('href') || '' : 'https://e.x';
    if (!isPlain(href)) found.push([number, renderer, 'link', href]);
    look(renderer, token.children || []);
  }
}

function lookInMarked(tokens) {
  if (!Array.isArray(tokens)) return;
  for (const token of tokens) {
    if (['image', 'html'].includes(token.type)) {
      found.push([number, 'marked', token.type, token.raw]);
    }
    if (token.type === 'link' && !isPlain(token.href)) {
      found.push([number, 'marked', 'link', token.href]);
    }
    lookInMarked(token.tokens);
    lookInMarked(token.items);
    lookInMarked(token.header);
    for (const row of token.rows || []) lookInMarked(row);
  }
}

for (const text of JSON.parse(readFileSync(texts, 'utf8'))) {
  look('markdown-it of VS Code', preview.parse(text, {}));
  look('markdown-it', open.parse(text, {}));
  lookInMarked(marked.lexer(text));
  number += 1;
}
console.log(JSON.stringify(found));
