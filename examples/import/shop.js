import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

const BASE = __ENV.BASE_URL || 'http://127.0.0.1:8000';

export const options = {
  vus: 2,
  duration: '1s',
  thresholds: { http_req_failed: ['rate<0.5'], 'http_req_duration{name:login}': ['p(95)<500'] },
};

export default function () {
  const headers = { 'Content-Type': 'application/json' };
  const login = http.post(`${BASE}/login`, JSON.stringify({ username: `user-${__VU}`, password: 'secret' }), {
    headers,
    tags: { name: 'login' },
  });
  check(login, {
    'status is 200': (r) => r.status === 200,
    'has a token': (r) => r.json('token') !== undefined,
  });
  const token = login.json('token');
  group('shop', () => {
    http.get(`${BASE}/bearer`, { headers: { Authorization: `Bearer ${token}` } });
    http.batch([['GET', `${BASE}/get?n=1`], ['POST', `${BASE}/post`, { note: 'a & b' }]]);
    for (let i = 0; i < 2; i++) {
      http.get(`${BASE}/get?i=${i}&id=${uuidv4()}`);
    }
  });
  sleep(0.1);
  while (Math.random() < 0.5) http.get(`${BASE}/get`);
}
