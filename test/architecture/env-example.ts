import { ALL_SETTINGS } from '#platform/config';

type Field = (typeof ALL_SETTINGS)[number]['fields'][string];

const HEAD = `# Every setting there is. Copy what you change to .env; an empty variable counts as unset.
# A line that is commented out has no default.
`;

function need(field: Field): string {
  if (field.required) return ' Required.';
  return field.requiredInProduction ? ' Required in production.' : '';
}

function entry(field: Field): string {
  const assignment = field.fallback === undefined ? `#${field.name}=` : `${field.name}=${field.fallback}`;
  return `# ${field.doc}${need(field)}\n${assignment}\n`;
}

/** `.env.example` as the settings' own declarations have it, section by section. */
export function envExample(): string {
  const sections = ALL_SETTINGS.map(
    (concern) =>
      `\n## ${concern.name.replace(/Settings$/, '')}\n\n${Object.values(concern.fields).map(entry).join('\n')}`,
  );
  return HEAD + sections.join('');
}
