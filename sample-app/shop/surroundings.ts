/** What runs around the services, as the page shows it. */
export class Surroundings {
  constructor(
    readonly bus: { readonly url: string; readonly note: string; readonly monitoringUrl: string | undefined },
    readonly database: { readonly note: string },
  ) {}
}
