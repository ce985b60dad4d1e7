// What VS Code has not waited for. It drops a suggestion that comes later than 750 ms after the end
// of a word, and does not ask again: the server finishes the call and says so; then it is asked again.
// While the server starts there may be nobody to ask, and then it is asked again once there is.

export interface Spot {
  line: number;
  character: number;
}

interface Text {
  uri: string;
  version: number;
}

export interface Late extends Text {
  position: Spot;
}

/** The last one, and where what it has put there begins and ends. */
export interface Edit extends Text {
  start: number;
  end: number;
}

export const LATE_METHOD = 'ds-lsp/lateCompletion';

export interface Editor {
  document: { uri: { toString(): string }; version: number; offsetAt(position: Spot): number };
  selections: readonly { active: Spot; isEmpty: boolean }[];
}

/** Whether text and cursor are still those that the answer is for. */
export function isWanted(late: Late, editor: Editor | undefined): boolean {
  const cursor = cursorIn(late, editor);
  return cursor?.line === late.position.line && cursor.character === late.position.character;
}

/** Whether text and cursor are still as something that was typed has left them. */
export function isUnanswered(edit: Edit | undefined, editor: Editor | undefined): boolean {
  const cursor = edit && cursorIn(edit, editor);
  if (!edit || !editor || !cursor) {
    return false;
  }
  const at = editor.document.offsetAt(cursor);
  // Not always at the end: VS Code closes a bracket in the same edit.
  return edit.start < at && at <= edit.end;
}

/** The cursor, if there is one, and it is in this text. */
function cursorIn({ uri, version }: Text, editor: Editor | undefined): Spot | undefined {
  const [cursor, ...others] = editor?.selections ?? [];
  const isThere = editor?.document.uri.toString() === uri && editor.document.version === version;
  return isThere && others.length === 0 && cursor?.isEmpty ? cursor.active : undefined;
}
