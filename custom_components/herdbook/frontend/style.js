/** How the cards look: Home Assistant's theme variables, logical directions, no colour of ours. */
export const STYLE = `
  :host {
    display: block;
  }
  ha-card {
    block-size: 100%;
    box-sizing: border-box;
    color: var(--primary-text-color);
    display: flex;
    flex-direction: column;
    gap: 16px;
    padding: 16px;
  }
  h2 {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-m, 14px);
    font-weight: var(--ha-font-weight-medium, 500);
    letter-spacing: 0.01em;
    line-height: 1.4;
    margin: 0;
  }
  [hidden] {
    display: none !important;
  }
  .counts {
    display: grid;
    gap: 4px;
    grid-template-columns: repeat(3, minmax(0, auto));
    margin-inline: -8px;
  }
  button {
    appearance: none;
    background: none;
    border: 0;
    border-radius: var(--ha-border-radius-md, 8px);
    color: inherit;
    cursor: pointer;
    font: inherit;
    padding: 8px;
    text-align: start;
    transition: background-color 120ms ease-out;
  }
  button:hover {
    background: color-mix(in srgb, currentColor 6%, transparent);
  }
  button:focus-visible {
    outline: 2px solid var(--primary-color);
    outline-offset: -2px;
  }
  .number,
  .label {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .number {
    font-size: clamp(22px, 9cqi, 32px);
    font-variant-numeric: tabular-nums;
    font-weight: 300;
    line-height: 1.15;
    white-space: nowrap;
  }
  .label {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    line-height: 1.4;
  }
  .content {
    container-type: inline-size;
    display: flex;
    flex-direction: column;
    gap: 12px;
  }
  .last {
    border-block-start: 1px solid var(--divider-color);
    padding-block-start: 12px;
  }
  .last button {
    border-inline-start: 3px solid var(--primary-color);
    border-end-start-radius: 2px;
    border-start-start-radius: 2px;
    inline-size: 100%;
    padding-block: 4px;
    padding-inline: 12px 8px;
  }
  p {
    margin: 0;
  }
  .sentence,
  .meta,
  .hint {
    display: block;
    line-height: 1.45;
    overflow-wrap: anywhere;
  }
  .sentence {
    font-size: var(--ha-font-size-l, 16px);
  }
  .announcer {
    block-size: 1px;
    clip-path: inset(50%);
    inline-size: 1px;
    overflow: hidden;
    position: absolute;
    white-space: nowrap;
  }
  .meta,
  .hint {
    color: var(--secondary-text-color);
    font-size: var(--ha-font-size-s, 12px);
    margin-block-start: 4px;
  }
  @media (prefers-reduced-motion: reduce) {
    button {
      transition: none;
    }
  }
`;
