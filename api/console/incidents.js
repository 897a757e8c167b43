// Incidents that last, above the alerts: what is one cause, why, and its alerts once it is opened.

import { t } from './i18n.js';
import { element, keep, put, sign } from './shapes.js';

const SHOWN = 5;
const rows = document.getElementById('incident-rows');

// `load` gives an incident with its alerts, by its id.
export function showIncidents(incidents, load) {
  document.getElementById('incidents').hidden = incidents.length === 0;
  const more = incidents.length - SHOWN;
  put(document.getElementById('incidents-more'), more > 0 ? t('incidents_more', { n: more }) : '');
  keep(rows, incidents.slice(0, SHOWN), (incident) => incident.id, () => makeRow(load), update);
}

function makeRow(load) {
  const row = element('li');
  const chip = element('span', 'chip');
  chip.append(element('span', 'word'));
  const details = element('details');
  const members = element('ul', 'members');
  details.append(element('summary'), members);
  row.append(chip, element('b'), element('span', 'about'), details);
  details.addEventListener('toggle', async () => {
    if (!details.open) return;
    try { showMembers(members, (await load(row.dataset.id)).members); } catch (error) {
      members.replaceChildren(element('li'));
      put(members.firstChild, t('failed', { problem: error.message }));
    }
  });
  return row;
}

function update(row, incident) {
  row.dataset.id = incident.id;
  if (row.dataset.level !== incident.level) {
    row.dataset.level = incident.level;
    row.querySelector('.sign')?.remove();
    row.querySelector('.chip').prepend(sign(incident.level));
  }
  put(row.querySelector('.word'), t(incident.level));
  put(row.querySelector('b'), incident.title);
  put(row.querySelector('.about'), incident.reason);
  put(row.querySelector('summary'), t('incident_alerts', { n: incident.alerts }));
}

function showMembers(list, members) {
  keep(list, members, (member) => member.id, () => element('li'), (row, member) => {
    const told = [member.title, t('incident_after', { s: Math.round(member.after_s) })];
    if (member.metres !== null) told.push(`${Math.round(member.metres)} m`);
    put(row, told.join(' · '));
  });
}
