// What of the city is an exercise at the moment: said above everything else, so that nobody takes it for real.

import { clockTime, t } from './i18n.js';
import { put } from './shapes.js';

const banner = document.getElementById('drills');

export function showDrills({ exercises, tests }) {
  const told = ({ name, ends_at: ends }) => ({ name, time: clockTime(new Date(ends)) });
  const running = [...exercises.map((drill) => t('drill_runs', told(drill))), ...tests.map((test) => t('test_runs', told(test)))];
  put(banner, running.join(' · '));
  banner.hidden = running.length === 0;
}
