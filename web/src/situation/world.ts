import type { FeatureCollection } from 'geojson';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import coarse from 'world-atlas/countries-50m.json?url';
import fine from 'world-atlas/countries-10m.json?url';

const kept = new Map<string, Promise<FeatureCollection>>();

/** Outlines of the world's countries (Natural Earth), from the node itself: 1:50 million, or 1:10 million for a closer look. */
export function fetchCountries(close: boolean): Promise<FeatureCollection> {
  const address = close ? fine : coarse;
  let countries = kept.get(address);
  if (!countries) {
    countries = fetch(address)
      .then((answer) => answer.json() as Promise<Topology<{ countries: GeometryCollection }>>)
      .then((world) => feature(world, world.objects.countries));
    kept.set(address, countries);
    // Asked for again at the next occasion.
    countries.catch(() => kept.delete(address));
  }
  return countries;
}
