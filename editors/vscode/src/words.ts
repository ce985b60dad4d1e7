// How things stand, in words and icons.

export interface State {
  state: string;
  detail: string;
  busy: boolean;
}

export interface Totals {
  requests: number;
  estimated: number;
  prompt_hit_tokens: number;
  prompt_miss_tokens: number;
  completion_tokens: number;
  cost_usd: number;
}

export interface Usage {
  today: Totals;
  session: Totals;
  prices_as_of: string;
  daily_token_limit: number | null;
}

export interface Row {
  label: string;
  description: string;
}

export interface Look {
  text: string;
  tooltip: string;
  isTrouble: boolean;
}

const ICONS: Record<string, string> = {
  ready: 'sparkle',
  local: 'home',
  paused: 'debug-pause',
  stopped: 'error',
  offline: 'debug-disconnect',
  disabled: 'circle-slash',
  starting: 'loading~spin',
  ended: 'error',
};

/** Of the status bar's item. */
export function look({ state, detail, busy }: State, today?: Totals): Look {
  const icon = busy ? 'loading~spin' : (ICONS[state] ?? 'question');
  const used = today?.requests ? [` ${short(tokens(today))} ${dollars(today.cost_usd)}`] : [];
  const lines = [`ds-lsp: ${state}${detail ? ` (${detail})` : ''}`];
  if (today) {
    lines.push(`Today: ${spent(today)}`);
  }
  return {
    text: [`$(${icon}) ds-lsp`, ...used].join(''),
    tooltip: [...lines, 'Click for the menu.'].join('\n'),
    isTrouble: state === 'stopped' || state === 'ended',
  };
}

export function usageRows({ today, session, prices_as_of, daily_token_limit }: Usage): Row[] {
  return [
    { label: 'Today, in all editors', description: spent(today) },
    { label: 'This session', description: spent(session) },
    { label: 'Limit for the day', description: daily_token_limit ? `${whole(daily_token_limit)} tokens` : 'none' },
    { label: 'Prices', description: `as of ${prices_as_of}` },
  ];
}

/** Of the answer of `ds-lsp.status`, whatever it holds. */
export function statusRows(status: Record<string, unknown>): Row[] {
  return Object.entries(status)
    .filter(([, value]) => value !== '' && value !== null)
    .map(([name, value]) => ({ label: name.replaceAll('_', ' '), description: inWords(value) }));
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map(String).join('; ') || 'none';
  }
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function tokens(totals: Totals): number {
  return totals.prompt_hit_tokens + totals.prompt_miss_tokens + totals.completion_tokens;
}

function spent(totals: Totals): string {
  const estimated = totals.estimated ? `, ${whole(totals.estimated)} of them estimated` : '';
  const requests = `${whole(totals.requests)} ${totals.requests === 1 ? 'request' : 'requests'}${estimated}`;
  return `${whole(tokens(totals))} tokens, ${dollars(totals.cost_usd)}, ${requests}`;
}

function short(count: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(count);
}

function whole(count: number): string {
  return count.toLocaleString('en');
}

function dollars(amount: number): string {
  return amount > 0 && amount < 0.01 ? '<$0.01' : `$${amount.toFixed(2)}`;
}
