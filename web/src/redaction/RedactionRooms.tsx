import { CopyRoom } from './CopyRoom';
import { ListRoom } from './ListRoom';
import './redaction.css';

/** The list of release copies, or the one whose id stands behind it in the address. */
export default function RedactionRooms({ id }: { id: string }) {
  return id === '' ? <ListRoom /> : <CopyRoom key={id} id={decodeURIComponent(id)} />;
}
