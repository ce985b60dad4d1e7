// Late answers: VS Code drops a suggestion that comes later than 750 ms after the end of a word, and
// does not ask again. The server finishes the call and says so; then it is asked again.

export interface Spot {
  line: number;
  character: number;
}

export interface Late {
  uri: string;
  version: number;
  position: Spot;
}

export const LATE_METHOD = 'ds-lsp/lateCompletion';

export interface Editor {
  document: { uri: { toString(): string }; version: number };
  selections: readonly { active: Spot; isEmpty: boolean }[];
}

/** Whether text and cursor are still those that the answer is for. */
export function isWanted(late: Late, editor: Editor | undefined): boolean {
  const [cursor, ...others] = editor?.selections ?? [];
  return (
    editor?.document.uri.toString() === late.uri &&
    editor.document.version === late.version &&
    others.length === 0 &&
    cursor?.isEmpty === true &&
    cursor.active.line === late.position.line &&
    cursor.active.character === late.position.character
  );
}
