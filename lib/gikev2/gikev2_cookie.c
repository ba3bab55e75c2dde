// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cookies (RFC 7296 section 2.6): under load, a proof of address before any
 * state is made.  Nothing is remembered but a secret.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/* Version, then HMAC-SHA2-256. */
#define COOKIE_LEN (1 + 32)
#define SECRET_LIFETIME (60 * GIKEV2_SECOND)

static int roll_secret(struct gikev2 *engine, uint64_t now)
{
	struct gikev2_cookies *cookies = &engine->cookies;
	uint64_t age = now - cookies->rolled;
	bool first = !cookies->rolled;
	uint8_t next;
	int ret;

	if (!first && age < SECRET_LIFETIME)
		return 0;
	/* the one before is good for as long again; what is older is skipped */
	next = cookies->version + (age < 2 * SECRET_LIFETIME ? 1 : 2);
	ret = gikev2_random(engine, cookies->secret[next % 2],
			    GIKEV2_COOKIE_SECRET_LEN);
	if (ret == 0 && first)
		ret = gikev2_random(engine, cookies->secret[(next + 1) % 2],
				    GIKEV2_COOKIE_SECRET_LEN);
	/* one that was not drawn is known to everybody */
	if (ret < 0)
		return ret;
	cookies->version = next;
	cookies->rolled = now;
	return 0;
}

/* version | prf(secret, Ni | IPi | port | SPIi) */
static int make_cookie(struct gikev2_rx *rx, uint8_t version,
		       uint8_t cookie[COOKIE_LEN])
{
	struct gikev2 *engine = rx->engine;
	const struct gikev2_endpoint *remote = &rx->path->remote;
	const struct gikev2_payload *nonce =
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_NONCE);
	uint8_t port[2] = { remote->port >> 8, remote->port & 0xff };
	struct gikev2_chunk parts[] = {
		nonce->octets.data,
		{ remote->ip, sizeof(remote->ip) },
		{ port, sizeof(port) },
		{ rx->header.spi_i, GIKEV2_SPI_LEN },
	};
	struct gikev2_chunk key = { engine->cookies.secret[version % 2],
				    GIKEV2_COOKIE_SECRET_LEN };

	cookie[0] = version;
	return gikev2_prf(engine->crypto,
			  gikev2_prf_find(GIKEV2_PRF_HMAC_SHA2_256), key, parts,
			  4, cookie + 1);
}

static bool is_right(struct gikev2_rx *rx)
{
	const struct gikev2_payload *first = &rx->payloads->item[0];
	uint8_t version = rx->engine->cookies.version;
	uint8_t expected[COOKIE_LEN];
	struct gikev2_chunk shown;

	/* it has to stand in front of everything else */
	if (first->type != GIKEV2_PLD_NOTIFY ||
	    first->notify.type != GIKEV2_N_COOKIE)
		return false;
	shown = first->notify.data;
	if (shown.len != COOKIE_LEN)
		return false;
	if (shown.ptr[0] != version && shown.ptr[0] != (uint8_t)(version - 1))
		return false;
	return make_cookie(rx, shown.ptr[0], expected) == 0 &&
	       gikev2_equal(shown.ptr, expected, COOKIE_LEN);
}

int gikev2_cookie_check(struct gikev2_rx *rx)
{
	static const uint8_t no_spi[GIKEV2_SPI_LEN];
	struct gikev2 *engine = rx->engine;
	struct gikev2_payloads *tx;
	uint8_t cookie[COOKIE_LEN];
	int ret;

	if (engine->totals.half_open < engine->params.cookie_threshold &&
	    !gikev2_half_open_crowded(rx))
		return 0;
	ret = roll_secret(engine, rx->now);
	if (ret < 0)
		return ret;
	if (is_right(rx))
		return 0;
	ret = make_cookie(rx, engine->cookies.version, cookie);
	if (ret < 0)
		return ret;
	tx = gikev2_tx(engine);
	gikev2_notify_add(tx, GIKEV2_N_COOKIE, cookie, sizeof(cookie));
	gikev2_send_clear(rx, no_spi, tx, NULL);
	return -GIKEV2_ERR_COOKIE;
}
