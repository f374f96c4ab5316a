import L from 'leaflet';
import 'leaflet/dist/leaflet.css';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { MapPlace, Plan } from '../api/types';
import { boundsOf, fieldOfView, shownNames } from './places';
import { fetchCountries } from './world';

export interface MapCamera {
  id: string;
  name: string;
  place: MapPlace;
  /** What its symbol says, by colour and shape; in words beside its name. */
  state: 'alarm' | 'fault' | 'good';
  words: string;
}

interface Props {
  cameras: readonly MapCamera[];
  plans: readonly Plan[];
  selected: string | null;
  onSelect: (id: string) => void;
  /** The camera that is being put: a click on the map says where, its symbol can be dragged. */
  placing?: string | null;
  onPlace?: (latitude: number, longitude: number) => void;
  onView?: (view: { south: number; west: number; north: number; east: number }) => void;
}

/** A name as an element: Leaflet would read a text as HTML. */
function plainText(name: string): HTMLElement {
  const element = document.createElement('bdi');
  element.textContent = name;
  return element;
}

/** From here on borders are drawn from finer data. */
const closeZoom = 6;

/** The whole earth down to a yard, from data of our own: countries, plans, cameras and what they see. */
export function SiteMap({ cameras, plans, selected, onSelect, placing = null, onPlace, onView }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<L.Map | null>(null);
  const layers = useRef<{ plans: L.LayerGroup; views: L.LayerGroup; symbols: L.LayerGroup } | null>(null);
  const fitted = useRef(false);
  const heard = useRef({ onSelect, onPlace, onView, placing });
  useEffect(() => {
    heard.current = { onSelect, onPlace, onView, placing };
  });

  useEffect(() => {
    if (!box.current) return;
    const made = L.map(box.current, {
      attributionControl: false,
      zoomControl: false,
      maxZoom: 22,
      minZoom: 2,
      zoomSnap: 0.5,
      worldCopyJump: true,
      fadeAnimation: false,
    }).setView([25, 0], 2);
    map.current = made;
    // Under the plans.
    made.createPane('countries').style.zIndex = '200';
    layers.current = {
      plans: L.layerGroup().addTo(made),
      views: L.layerGroup().addTo(made),
      symbols: L.layerGroup().addTo(made),
    };
    made.on('click', (event) => {
      if (heard.current.placing !== null) heard.current.onPlace?.(event.latlng.lat, event.latlng.lng);
    });
    made.on('moveend', () => {
      const seen = made.getBounds();
      heard.current.onView?.({
        south: seen.getSouth(),
        west: seen.getWest(),
        north: seen.getNorth(),
        east: seen.getEast(),
      });
    });
    const size = new ResizeObserver(() => made.invalidateSize());
    size.observe(box.current);
    let gone = false;
    let shown: L.GeoJSON | null = null;
    let close: boolean | null = null;
    const showCountries = () => {
      const wanted = made.getZoom() >= closeZoom;
      if (wanted === close) return;
      close = wanted;
      void fetchCountries(wanted)
        .then((countries) => {
          if (gone || close !== wanted) return;
          shown?.remove();
          shown = L.geoJSON(countries, {
            pane: 'countries',
            interactive: false,
            style: { className: 'country' },
          }).addTo(made);
        })
        .catch(() => (close = null));
    };
    made.on('zoomend', showCountries);
    showCountries();
    return () => {
      gone = true;
      size.disconnect();
      made.remove();
      map.current = null;
      layers.current = null;
      fitted.current = false;
    };
  }, []);

  useEffect(() => {
    const made = map.current;
    if (!made) return;
    const zoom = L.control.zoom({ zoomInTitle: t('situation.closer'), zoomOutTitle: t('situation.farther') });
    const scale = L.control.scale({ imperial: false });
    zoom.addTo(made);
    scale.addTo(made);
    return () => {
      zoom.remove();
      scale.remove();
    };
  }, [t]);

  useEffect(() => {
    const group = layers.current?.plans;
    if (!group) return;
    group.clearLayers();
    for (const plan of plans) {
      if (plan.image === null) continue;
      L.imageOverlay(
        plan.image,
        [
          [plan.south, plan.west],
          [plan.north, plan.east],
        ],
        { alt: plan.name, className: 'plan' },
      ).addTo(group);
    }
  }, [plans]);

  useEffect(() => {
    const group = layers.current;
    if (!group) return;
    const made = map.current;
    group.views.clearLayers();
    group.symbols.clearLayers();
    const named: { symbol: L.Marker; rank: number }[] = [];
    for (const { id, name, place, state, words } of cameras) {
      const view = fieldOfView(place);
      const chosen = id === selected ? ' chosen' : '';
      if (view) L.polygon(view, { interactive: false, className: `view is-${state}${chosen}` }).addTo(group.views);
      const symbol = L.marker([place.latitude, place.longitude], {
        icon: L.divIcon({ className: `symbol is-${state}${chosen}`, iconSize: [24, 24] }),
        keyboard: true,
        riseOnHover: true,
        draggable: id === placing,
        zIndexOffset: state === 'alarm' ? 1000 : state === 'fault' ? 500 : 0,
      });
      symbol.on('click', () => heard.current.onSelect(id));
      symbol.on('keydown', ({ originalEvent }) => {
        if (originalEvent.key === 'Enter' || originalEvent.key === ' ') heard.current.onSelect(id);
      });
      symbol.on('dragend', () => {
        const at = symbol.getLatLng();
        heard.current.onPlace?.(at.lat, at.lng);
      });
      symbol.bindTooltip(plainText(name), {
        direction: 'top',
        offset: [0, -12],
        className: 'symbol-name',
        permanent: true,
      });
      named.push({ symbol, rank: id === selected ? 3 : state === 'alarm' ? 2 : state === 'fault' ? 1 : 0 });
      symbol.addTo(group.symbols);
      const element = symbol.getElement();
      element?.setAttribute('aria-label', `${name}: ${words}`);
      element?.setAttribute('data-symbol', id);
      element?.setAttribute('data-state', state);
      element?.setAttribute('title', name);
    }
    if (!made) return;
    named.sort((a, b) => b.rank - a.rank);
    const writeNames = () => {
      const shown = shownNames(
        named.map(({ symbol }) => {
          const { x, y } = made.latLngToContainerPoint(symbol.getLatLng());
          const element = symbol.getTooltip()?.getElement();
          return { x, y, width: element?.offsetWidth ?? 0, height: element?.offsetHeight ?? 0 };
        }),
      );
      named.forEach(({ symbol }, index) =>
        symbol.getTooltip()?.getElement()?.classList.toggle('without-room', !shown[index]),
      );
    };
    writeNames();
    // Moving changes no distance; a nearer look does.
    made.on('zoomend resize', writeNames);
    return () => {
      made.off('zoomend resize', writeNames);
    };
  }, [cameras, selected, placing]);

  // Once, when there is something to see; then the view is the operator's.
  useEffect(() => {
    const made = map.current;
    if (!made || fitted.current) return;
    const bounds = boundsOf([
      ...cameras.flatMap(({ place }) => [[place.latitude, place.longitude] as const, ...(fieldOfView(place) ?? [])]),
      ...plans.flatMap((plan) => [[plan.south, plan.west] as const, [plan.north, plan.east] as const]),
    ]);
    if (!bounds) return;
    fitted.current = true;
    made.fitBounds(bounds, { animate: false });
  }, [cameras, plans]);

  return (
    <div
      ref={box}
      className={placing === null ? 'map' : 'map placing'}
      dir="ltr"
      role="region"
      aria-label={t('situation.map')}
    />
  );
}
