import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_SETTINGS } from '#platform/config';
import { ComposeFile, type ComposeMapping } from './compose-file.js';
import { ROOT } from './planted-tree.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const fields = new Map(
  ALL_SETTINGS.flatMap((concern) => Object.values(concern.fields)).map((field) => [field.name, field]),
);
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of each stage, those of the stages it is built upon first. */
function stagesOf(dockerfile: string): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  for (const line of dockerfile.replace(/\\\n/g, ' ').split('\n')) {
    const [, name, rest] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    const [, from, stage] = name === 'FROM' ? (/^(\S+) AS (\S+)$/.exec(rest) ?? []) : [];
    if (stage !== undefined) stages.set(stage, (current = [...(stages.get(from!) ?? [])]));
    current.push({ name, rest });
  }
  return stages;
}

const stages = stagesOf(read('docker/Dockerfile'));
const last = (stage: string, name: string): string | undefined =>
  stages.get(stage)?.findLast((instruction) => instruction.name === name)?.rest;

const VERSION = /^[a-z]+:\d+\.\d+(\.\d+)?(-[a-z]+)*$/;

describe('the images', () => {
  it('start from the recommended Node in an exact version', () => {
    const bases = [...read('docker/Dockerfile').matchAll(/^FROM (\S+:\S+)/gm)].map(([, image]) => image!);
    expect(bases.filter((image) => !VERSION.test(image))).toEqual([]);
    expect(bases).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-bookworm-slim$/)]);
  });

  it.each(['api', 'worker'])('let %s accept requests from outside its container', (target) => {
    expect(last(target, 'ENV')).toBe('CRM_HOST=0.0.0.0');
    expect(fields.get('CRM_HOST')!.fallback).toBe('127.0.0.1');
  });

  it('are built from files that exist and are sent to the builder', () => {
    const copied = [...stages.values()]
      .flat()
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from'));
    const sources = [...new Set(copied.flatMap(({ rest }) => rest.split(/ +/).slice(0, -1)))];
    const sent = read('.dockerignore').split('\n');
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => !existsSync(join(ROOT, source)) || !sent.includes(`!${source}`))).toEqual([]);
  });

  it.each([
    ['api', 'start:api'],
    ['worker', 'start:worker'],
    ['migrate', 'migrate'],
  ])('run %s as npm run %s does, without root, and stop when asked', (target, script) => {
    expect((JSON.parse(last(target, 'CMD')!) as string[]).join(' ')).toBe(scripts[script]);
    expect(last(target, 'USER')).toBe('node');
    expect(last(target, 'STOPSIGNAL')).toBe('SIGTERM');
  });

  it.each([
    ['api', 'CRM_PORT'],
    ['worker', 'CRM_WORKER_PORT'],
  ])('ask %s for its readiness on the port of %s', (target, setting) => {
    const port = fields.get(setting)!.fallback!;
    expect(last(target, 'EXPOSE')).toBe(port);
    expect(last(target, 'HEALTHCHECK')).toContain(
      `http://127.0.0.1:\${process.env.${setting} || ${port}}/health/ready`,
    );
  });
});

describe('the composition', () => {
  const text = read('docker/compose.yaml');
  const compose = new ComposeFile(text).read();
  const services = compose.services as Record<string, ComposeMapping>;
  const ours = Object.entries(services).filter(([, service]) => service.build);
  const servers = Object.entries(services).filter(([, service]) => service.image);

  it('names its servers in an exact version', () => {
    const images = servers.map(([, { image }]) => image as string);
    expect(images.filter((image) => !VERSION.test(image))).toEqual([]);
  });

  it('builds a target of the Dockerfile for each of our programs', () => {
    expect(ours.map(([name]) => name)).toEqual(['migrate', 'api', 'worker']);
    for (const [name, { build }] of ours) {
      expect(build).toEqual({ context: '..', dockerfile: 'docker/Dockerfile', target: name });
    }
  });

  it('gives our programs settings they know, and all that production requires', () => {
    for (const [, { environment }] of ours) {
      const given = Object.keys(environment as ComposeMapping);
      expect(given.filter((name) => !fields.has(name))).toEqual([]);
      const required = [...fields.values()].filter((field) => field.required || field.requiredInProduction);
      expect(required.map(({ name }) => name).filter((name) => !given.includes(name))).toEqual([]);
      // Each way to verify tokens; the settings demand exactly one.
      const keys = given.filter((name) => /^CRM_JWT_(ACCESS_SECRET|PUBLIC_KEY|JWKS_URL)$/.test(name));
      expect(keys.sort()).toEqual(['CRM_JWT_ACCESS_SECRET', 'CRM_JWT_JWKS_URL', 'CRM_JWT_PUBLIC_KEY']);
    }
  });

  it('takes from outside only settings and passwords, with the default of the setting or none', () => {
    const taken = [...text.matchAll(/\$\{(\w+)(:[-?])([^}]*)\}/g)];
    expect(taken).toHaveLength(text.split('${').length - 1);
    for (const [, name, marker, rest] of taken) {
      if (/^(POSTGRES|RABBITMQ|REDIS|POSTGRES_MIGRATOR|POSTGRES_RUNTIME)_PASSWORD$/.test(name!))
        expect([name, marker]).toEqual([name, ':?']);
      else if (marker === ':-') expect([name, rest]).toEqual([name, fields.get(name!)!.fallback ?? '']);
      else expect(fields.has(name!)).toBe(true);
    }
  });

  it('starts our programs on a migrated database and on servers that answer', () => {
    expect(servers.map(([name]) => name)).toEqual(['postgres', 'rabbitmq', 'redis']);
    for (const [, { healthcheck }] of servers) expect(healthcheck).toMatchObject({ test: expect.any(Array) });
    const healthy = { condition: 'service_healthy' };
    const ready = { postgres: healthy, rabbitmq: healthy, redis: healthy };
    const migrated = { condition: 'service_completed_successfully' };
    expect(services.migrate).toMatchObject({ restart: 'no', depends_on: { postgres: healthy } });
    expect(services.api!.depends_on).toEqual({ migrate: migrated, ...ready });
    expect(services.worker!.depends_on).toEqual({ migrate: migrated, ...ready });
  });

  it('gets every variable that it demands from npm run services', () => {
    const demanded = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!);
    const given = read('apps/cli/src/development/compose.ts');
    expect(demanded.filter((name) => !new RegExp(`\\b${name}: `).test(given))).toEqual([]);
  });

  it('confines every process: no capability, a read-only file system, limited memory, no root', () => {
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({
        read_only: 'true',
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.stringMatching(/^\d+[mg]$/),
        tmpfs: expect.arrayContaining(['/tmp']),
      });
    }
    for (const [, { user }] of servers) expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('passes no password in the arguments of a process', () => {
    const args = Object.values(services).map(({ command = '', entrypoint = '', healthcheck = '' }) =>
      JSON.stringify([command, entrypoint, healthcheck]),
    );
    expect(args.filter((line) => /password|secret|\$\{|\$\$|requirepass/i.test(line))).toEqual([]);
  });

  it('migrates as the owner of the tables, and serves as a role that owns nothing', () => {
    const userOf = ({ environment }: ComposeMapping): string =>
      /^postgresql:\/\/(\w+):/.exec((environment as Record<string, string>).CRM_DATABASE_URL!)![1]!;
    expect(ours.map(([name, service]) => [name, userOf(service)])).toEqual([
      ['migrate', 'crm_migrator'],
      ['api', 'crm_runtime'],
      ['worker', 'crm_runtime'],
    ]);
    expect(services.migrate!.environment).toMatchObject({ CRM_DATABASE_RUNTIME_ROLE: 'crm_runtime' });
    expect(services.postgres!.environment).toMatchObject({ POSTGRES_USER: 'postgres', POSTGRES_DB: 'crm' });
  });

  it('is reached from this machine alone', () => {
    const ports = Object.values(services).flatMap((service) => (service.ports ?? []) as string[]);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('keeps what the servers hold, and never lets Redis forget a job', () => {
    const mounts = servers.flatMap(([, service]) => service.volumes as string[]).map((mount) => mount.split(':')[0]!);
    const held = Object.keys(compose.volumes as ComposeMapping);
    const names = servers.map(([name]) => name);
    expect(held).toEqual([...names, 'uploads']);
    const missing = mounts.filter((from) => !held.includes(from) && !existsSync(join(ROOT, 'docker', from)));
    expect(missing).toEqual([]);
    expect(mounts.filter((from) => held.includes(from))).toEqual(names);
    const { redis } = compose.configs as Record<string, ComposeMapping>;
    expect(redis!.content).toMatch(/^appendonly yes\nmaxmemory-policy noeviction\n/);
  });

  it('stores uploaded files of the API on a disk, in a folder that its user owns', () => {
    const { environment, volumes, tmpfs } = services.api!;
    const folder = (environment as Record<string, string>).CRM_UPLOAD_DIR!;
    expect(volumes).toEqual([`uploads:${folder}`]);
    expect(tmpfs).not.toContain(folder);
    const made = stages.get('api')!.filter(({ name, rest }) => name === 'RUN' && rest.endsWith(` ${folder}`));
    expect(made).toEqual([expect.objectContaining({ rest: expect.stringContaining('--owner=node') })]);
  });

  it('declares the exchange of events plainly, and the queue of unroutable events', () => {
    const { exchanges, queues, bindings } = JSON.parse(read('docker/rabbitmq/definitions.json')) as {
      exchanges: { name: string; type: string; durable: boolean; arguments: Record<string, string> }[];
      queues: { name: string; durable: boolean }[];
      bindings: { source: string; destination: string }[];
    };
    const events = exchanges.find(({ name }) => name === fields.get('CRM_EVENTS_EXCHANGE')!.fallback);
    expect(events).toMatchObject({ type: 'topic', durable: true, arguments: {} });
    expect(exchanges.map(({ name }) => name)).toContain('crm.unrouted');
    expect(queues).toEqual([expect.objectContaining({ name: 'crm.unrouted', durable: true })]);
    expect(bindings).toEqual([expect.objectContaining({ source: 'crm.unrouted', destination: 'crm.unrouted' })]);
  });
});
