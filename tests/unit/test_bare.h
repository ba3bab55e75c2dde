// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One engine without a world around it, for tests of single files: what it
 * draws is given, what it sends is kept.
 */
#ifndef TEST_BARE_H
#define TEST_BARE_H

#include <stdlib.h>

#include "gikev2/gikev2_int.h"
#include "test_util.h"

struct bare {
	struct gikev2 *engine;
	struct test_octets draws; /* handed out first; then what seed makes */
	size_t drawn;
	bool exhausted; /* no more random octets */
	uint64_t seed;
	struct test_octets psk;
	struct test_octets sent; /* the last datagram */
	unsigned int datagrams;
	unsigned int events[GIKEV2_EVENT_MAX];
	int event_err[GIKEV2_EVENT_MAX];
	struct gikev2_rx rx;
};

static int bare_output(void *arg, const struct gikev2_path *path,
		       const uint8_t *octets, size_t len)
{
	struct bare *bare = arg;

	(void)path;
	assert_true(len <= sizeof(bare->sent.octets));
	memcpy(bare->sent.octets, octets, len);
	bare->sent.len = len;
	bare->datagrams++;
	return 0;
}

static int bare_random(void *arg, uint8_t *octets, size_t len)
{
	struct bare *bare = arg;

	if (bare->exhausted)
		return -1;
	for (; len && bare->drawn < bare->draws.len; len--)
		*octets++ = bare->draws.octets[bare->drawn++];
	return test_prng(&bare->seed, octets, len);
}

static int bare_psk(void *arg, enum gikev2_role role, void *cookie,
		    const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	const struct bare *bare = arg;

	(void)role;
	(void)cookie;
	(void)peer;
	assert_true(bare->psk.len <= sizeof(secret->octets));
	memcpy(secret->octets, bare->psk.octets, bare->psk.len);
	secret->len = bare->psk.len;
	return 0;
}

static int bare_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	(void)arg;
	(void)cookie;
	(void)peer;
	return 0;
}

static void bare_keys(void *arg, void *cookie, const struct keytable_row *rows,
		      size_t count)
{
	(void)arg;
	(void)cookie;
	(void)rows;
	(void)count;
}

static void bare_event(void *arg, const struct gikev2_event *event)
{
	struct bare *bare = arg;

	bare->events[event->type]++;
	bare->event_err[event->type] = event->err;
}

static inline struct bare *bare_new(void)
{
	static const struct gikev2_callbacks callbacks = {
		.output = bare_output,
		.random = bare_random,
		.psk = bare_psk,
		.authorize = bare_authorize,
		.keys = bare_keys,
		.event = bare_event,
	};
	struct bare *bare = calloc(1, sizeof(*bare));
	struct gikev2_params params;

	assert_non_null(bare);
	bare->seed = 1;
	gikev2_params_default(&params);
	/* the same messages whatever this OpenSSL has */
	memset(params.addke, 0, sizeof(params.addke));
	bare->engine = gikev2_new(&callbacks, bare, &params);
	assert_non_null(bare->engine);
	return bare;
}

static inline void bare_free(struct bare *bare)
{
	gikev2_free(bare->engine);
	free(bare);
}

/* An SA with these SPIs and AES-GCM-256, HMAC-SHA2-256, KW_5649_256. */
static inline struct gikev2_ike *bare_ike(struct bare *bare, bool initiator,
					  const struct test_octets *spi_i,
					  const struct test_octets *spi_r)
{
	static const struct gikev2_path path = {
		.local = { .family = 4, .port = 848, .ip = { 192, 0, 2, 1 } },
		.remote = { .family = 4, .port = 848, .ip = { 192, 0, 2, 2 } },
	};
	struct gikev2_ike *ike;

	bare->draws = initiator ? *spi_i : *spi_r;
	bare->drawn = 0;
	ike = gikev2_ike_new(bare->engine, initiator, &path);
	assert_non_null(ike);
	memcpy(ike->spi_i, spi_i->octets, GIKEV2_SPI_LEN);
	memcpy(ike->spi_r, spi_r->octets, GIKEV2_SPI_LEN);
	ike->suite = (struct gikev2_suite){
		.encr = gikev2_encr_find(GIKEV2_ENCR_AES_GCM_16, 256),
		.prf = gikev2_prf_find(GIKEV2_PRF_HMAC_SHA2_256),
		.ke = gikev2_ke_find(GIKEV2_KE_CURVE25519),
		.kwa = gikev2_kwa_find(GIKEV2_KW_5649_256),
	};
	return ike;
}

/* What gikev2_input() makes of a datagram before it is dispatched. */
static inline struct gikev2_rx *bare_rx(struct bare *bare,
					const struct test_octets *message)
{
	bare->rx = (struct gikev2_rx){
		.engine = bare->engine,
		.raw = { message->octets, message->len },
		.payloads = &bare->engine->scratch->rx_payloads,
	};
	gikev2_header_get(message->octets, &bare->rx.header);
	return &bare->rx;
}

/*
 * A request over the SA, with any text inside, pad length and all.  The IV is
 * zero.
 */
static inline struct test_octets bare_seal(const struct gikev2_ike *ike,
					   uint8_t exchange, uint32_t id,
					   uint8_t first,
					   const struct test_octets *text)
{
	const struct gikev2_suite *suite = &ike->suite;
	size_t aad_len = GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN;
	size_t around = aad_len + suite->encr->iv_len;
	struct gikev2_header header = { .next = GIKEV2_PLD_SK,
					.version = GIKEV2_VERSION,
					.exchange = exchange,
					.id = id };
	struct test_octets out = { 0 };

	out.len =
		around + text->len + gikev2_icv_len(suite->encr, suite->integ);
	assert_true(out.len <= sizeof(out.octets));
	header.flags = ike->initiator ? GIKEV2_FLAG_I : 0;
	header.length = out.len;
	memcpy(header.spi_i, ike->spi_i, GIKEV2_SPI_LEN);
	memcpy(header.spi_r, ike->spi_r, GIKEV2_SPI_LEN);
	gikev2_header_put(out.octets, &header);
	out.octets[GIKEV2_HEADER_LEN] = first;
	gikev2_put_int(out.octets + GIKEV2_HEADER_LEN + 2,
		       out.len - GIKEV2_HEADER_LEN, 2);
	memcpy(out.octets + around, text->octets, text->len);
	assert_int_equal(gikev2_seal(ike->engine->crypto, suite->encr,
				     suite->integ,
				     ike->initiator ? ike->sk_ei : ike->sk_er,
				     ike->initiator ? ike->sk_ai : ike->sk_ar,
				     out.octets, aad_len, text->len),
			 0);
	return out;
}

#endif /* TEST_BARE_H */
