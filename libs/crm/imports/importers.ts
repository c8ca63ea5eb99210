import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Importer, type ImportKind } from './contracts.js';

/** Every importer that a domain provides in this application. */
@Injectable()
export class Importers {
  private known: ReadonlyMap<ImportKind, Importer> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws Error when no module provides it. */
  of(kind: ImportKind): Importer {
    this.known ??= new Map(
      this.discovery
        .getProviders()
        .map(({ instance }: { instance: unknown }) => instance)
        .filter((instance) => instance instanceof Importer)
        .map((importer) => [importer.kind, importer]),
    );
    const importer = this.known.get(kind);
    if (!importer) throw new Error(`no importer of ${kind}: import the module that provides it`);
    return importer;
  }
}
