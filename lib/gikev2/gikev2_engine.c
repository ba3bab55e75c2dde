// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine's edge: datagrams and time come in here, and every drop is
 * counted here.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_archive.h"
#include "gikev2/gikev2_nat.h"
#include "gikev2/gikev2_state.h"

/* Unprotected INVALID_IKE_SPI and INVALID_MAJOR_VERSION answers: at most one in
 * this time. */
#define NOTIFY_INTERVAL (GIKEV2_SECOND / 20)

static const char vendor_text[] = "frr-mrkm profile 1";

void gikev2_params_default(struct gikev2_params *params)
{
	*params = (struct gikev2_params){
		.half_open_max = 256,
		.half_open_prefix_max = 64,
		.half_open_time = 30 * GIKEV2_SECOND,
		.cookie_threshold = 64,
		.retransmit_time = GIKEV2_SECOND,
		.retransmit_tries = 6,
		.idle_max = 4096,
		.liveness_time = 20 * GIKEV2_SECOND,
		.fragment_size = 1252, /* fits 1280 octets of IPv4 packet */
		.rekey_time = 8 * 3600 * GIKEV2_SECOND,
		.retry_min = 2 * GIKEV2_SECOND,
		.retry_max = 60 * GIKEV2_SECOND,
		.retry_lost = 20 * GIKEV2_SECOND,
		.return_time = 600 * GIKEV2_SECOND,
		.restart_time = 60 * GIKEV2_SECOND,
		.keepalive_time = 20 * GIKEV2_SECOND,
		/* against who records now and has a quantum computer later */
		.addke = { { .methods = { GIKEV2_KE_ML_KEM_768,
					  GIKEV2_KE_ML_KEM_1024 } } },
		.recovery_time = 5 * GIKEV2_SECOND,
	};
}

static int vendor_id_init(struct gikev2 *engine)
{
	uint8_t digest[32];
	int ret = gikev2_sha256(
		engine->crypto,
		(struct gikev2_chunk){ (const uint8_t *)vendor_text,
				       sizeof(vendor_text) - 1 },
		digest);

	memcpy(engine->vendor_id, digest, GIKEV2_VENDOR_ID_LEN);
	return ret;
}

struct gikev2 *gikev2_new_with(const struct gikev2_callbacks *callbacks,
			       void *arg, const struct gikev2_params *params,
			       struct gikev2_scratch *scratch)
{
	struct gikev2 *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->callbacks = callbacks;
	engine->arg = arg;
	engine->params = *params;
	engine->scratch = scratch;
	engine->crypto = scratch->crypto;
	engine->arena.base = scratch->arena;
	engine->arena.size = sizeof(scratch->arena);
	engine->archive = calloc(1, sizeof(*engine->archive));
	if (!engine->archive || gikev2_peers_init(&engine->peers) < 0 ||
	    vendor_id_init(engine) < 0) {
		gikev2_free(engine);
		return NULL;
	}
	return engine;
}

struct gikev2 *gikev2_new(const struct gikev2_callbacks *callbacks, void *arg,
			  const struct gikev2_params *params)
{
	struct gikev2_scratch *scratch = gikev2_scratch_new();
	struct gikev2 *engine = NULL;

	if (scratch)
		engine = gikev2_new_with(callbacks, arg, params, scratch);
	if (engine)
		engine->own_scratch = true;
	else
		gikev2_scratch_free(scratch);
	return engine;
}

void gikev2_free(struct gikev2 *engine)
{
	if (!engine)
		return;
	engine->closing = true;
	/* owners first: an SA that ends without one tells nobody */
	while (engine->members)
		gikev2_member_free(engine->members);
	while (engine->groups)
		gikev2_group_free(engine->groups);
	while (engine->ikes)
		gikev2_ike_end(engine->ikes, -GIKEV2_ERR_ADMIN, 0);
	gikev2_bury(engine);
	if (engine->archive)
		gikev2_archive_free(engine->archive);
	free(engine->archive);
	gikev2_timers_free(&engine->timers);
	if (engine->own_scratch)
		gikev2_scratch_free(engine->scratch);
	gikev2_peers_free(&engine->peers);
	gikev2_addresses_free(engine);
	free(engine->buckets);
	explicit_bzero(engine, sizeof(*engine));
	free(engine);
}

void gikev2_set_params(struct gikev2 *engine,
		       const struct gikev2_params *params)
{
	engine->params = *params;
}

void gikev2_set_identity(struct gikev2 *engine, const struct gikev2_id *id)
{
	engine->identity = *id;
}

const uint64_t *gikev2_counters(const struct gikev2 *engine)
{
	return engine->counters;
}

void gikev2_get_totals(const struct gikev2 *engine,
		       struct gikev2_totals *totals)
{
	*totals = engine->totals;
}

/* ----------------------------------------------------- what the files share */

struct gikev2_payloads *gikev2_tx(struct gikev2 *engine)
{
	gikev2_payloads_clear(&engine->scratch->tx_payloads);
	return &engine->scratch->tx_payloads;
}

int gikev2_count(struct gikev2 *engine, int err)
{
	int positive = abs(err);

	if (positive < GIKEV2_ERR_MAX)
		engine->counters[positive]++;
	return -positive;
}

int gikev2_random(struct gikev2 *engine, uint8_t *octets, size_t len)
{
	if (engine->callbacks->random(engine->arg, octets, len) < 0)
		return -GIKEV2_ERR_NO_RANDOM;
	return 0;
}

int gikev2_output(struct gikev2 *engine, const struct gikev2_path *path,
		  const uint8_t *octets, size_t len)
{
	struct gikev2_chunk datagram = { octets, len };

	if (path->natt)
		datagram = gikev2_nat_frame(engine, datagram);
	if (engine->callbacks->output(engine->arg, path, datagram.ptr,
				      datagram.len) < 0)
		return gikev2_count(engine, GIKEV2_ERR_OUTPUT);
	engine->totals.datagrams_out++;
	return 0;
}

void gikev2_event(struct gikev2 *engine, enum gikev2_event_type type, int err,
		  void *cookie, const struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_event event = {
		.type = type,
		.err = err,
		.detail = err && err == engine->problem_err ? engine->problem
							    : NULL,
		.cookie = cookie,
		.peer = ike ? ike->peer : NULL,
		.path = ike ? &ike->path : NULL,
		.now = now,
	};

	engine->callbacks->event(engine->arg, &event);
}

void gikev2_gm_event(const struct gikev2_gm *gm, enum gikev2_event_type type,
		     int err, uint64_t now)
{
	struct gikev2 *engine = gikev2_group_engine(gm->group);
	struct gikev2_event event = {
		.type = type,
		.err = err,
		.cookie = gikev2_group_cookie(gm->group),
		.peer = gm->id,
		.path = &gm->path,
		.now = now,
	};

	engine->callbacks->event(engine->arg, &event);
}

uint64_t gikev2_jitter(struct gikev2 *engine, uint64_t period)
{
	uint8_t octets[4];

	if (gikev2_random(engine, octets, sizeof(octets)) < 0)
		return period;
	return period - period / 4 +
	       period / 2 * (gikev2_get_int(octets, 4) >> 16) / 0xffff;
}

uint64_t gikev2_spread(struct gikev2 *engine, uint64_t period)
{
	uint8_t octets[4];

	if (gikev2_random(engine, octets, sizeof(octets)) < 0)
		return period;
	return period / 4 +
	       period / 4 * 3 * (gikev2_get_int(octets, 4) >> 16) / 0xffff;
}

/* ------------------------------------------------------------------- input */

static int parse_clear(struct gikev2_rx *rx)
{
	rx->engine->arena.used = 0;
	return gikev2_payloads_parse(
		(struct gikev2_chunk){ rx->raw.ptr + GIKEV2_HEADER_LEN,
				       rx->raw.len - GIKEV2_HEADER_LEN },
		rx->header.next, &rx->engine->arena, rx->payloads);
}

/*
 * A request with no SA of ours: perhaps we restarted and the peer does not
 * know.  It may take the answer as a hint, no more (RFC 7296 section 2.4).
 */
static int unknown_spi(struct gikev2_rx *rx)
{
	struct gikev2 *engine = rx->engine;
	struct gikev2_payloads *tx;

	if (rx->header.flags & GIKEV2_FLAG_R || rx->now < engine->notify_next)
		return -GIKEV2_ERR_UNKNOWN_SPI;
	engine->notify_next = rx->now + NOTIFY_INTERVAL;
	tx = gikev2_tx(engine);
	gikev2_notify_add(tx, GIKEV2_N_INVALID_IKE_SPI, NULL, 0);
	gikev2_send_clear(rx, rx->header.spi_r, tx, NULL);
	return -GIKEV2_ERR_UNKNOWN_SPI;
}

static int init_message(struct gikev2_rx *rx)
{
	static const uint8_t zero[GIKEV2_SPI_LEN];
	struct gikev2_ike *ike = NULL;
	int ret;

	if (rx->header.id != 0)
		return -GIKEV2_ERR_OLD_MESSAGE;
	if (rx->header.flags & GIKEV2_FLAG_R) {
		if (rx->header.flags & GIKEV2_FLAG_I)
			return -GIKEV2_ERR_BAD_FLAGS;
		ike = gikev2_ike_find(rx->engine, &rx->header);
		if (!ike || ike->state != GIKEV2_IKE_INIT_SENT)
			return -GIKEV2_ERR_UNSOLICITED;
	} else if (!(rx->header.flags & GIKEV2_FLAG_I) ||
		   memcmp(rx->header.spi_r, zero, GIKEV2_SPI_LEN)) {
		return -GIKEV2_ERR_BAD_FLAGS;
	} else if (memcmp(rx->header.spi_i, zero, GIKEV2_SPI_LEN) == 0) {
		return -GIKEV2_ERR_BAD_SYNTAX;
	}
	ret = parse_clear(rx);
	if (ret == -GIKEV2_ERR_CRITICAL_PAYLOAD && !ike)
		gikev2_init_unknown(rx);
	return ret < 0 ? ret : gikev2_transition(ike, rx);
}

/* An answer without protection: all it can be is a hint. */
static int clear_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	if (ike->request.ptr && rx->header.id == ike->send_id &&
	    parse_clear(rx) == 0 &&
	    gikev2_notify_find(rx->payloads, GIKEV2_N_INVALID_IKE_SPI))
		gikev2_ties_hint(ike, NULL, rx->now);
	return -GIKEV2_ERR_UNPROTECTED;
}

static int response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret;

	if (rx->header.next != GIKEV2_PLD_SK &&
	    rx->header.next != GIKEV2_PLD_SKF)
		return clear_response(ike, rx);
	if (!ike->request.ptr || rx->header.id != ike->send_id ||
	    rx->header.exchange != ike->request_exchange)
		return -GIKEV2_ERR_UNSOLICITED;
	ret = gikev2_sk_open(ike, rx);
	if (ret == -GIKEV2_ERR_BAD_ICV || ret == -GIKEV2_ERR_DUPLICATE)
		return ret;
	ike->last_seen = rx->now;
	if (ret == GIKEV2_INCOMPLETE)
		return 0;
	gikev2_nat_follow(ike, rx);
	if (ret == 0)
		ret = gikev2_transition(ike, rx);
	gikev2_fragments_free(&ike->fragments);
	if (ret == 0) {
		if (!ike->dead)
			gikev2_request_done(ike, rx->now);
		return 0;
	}
	/* errors in responses are not answered, RFC 7296 section 2.21 */
	if (ike->dead)
		return ret;
	gikev2_octets_free(&ike->request);
	ike->send_id++;
	gikev2_ike_failed(ike, ret, rx->now);
	return ret;
}

/* Tells the peer what was wrong with its request; what is fatal ends the SA. */
static void refuse(struct gikev2_ike *ike, struct gikev2_rx *rx, int err)
{
	uint16_t notify = gikev2_err_to_notify(err);
	uint8_t *critical = &rx->payloads->unknown_critical;

	if (!notify)
		notify = GIKEV2_N_INVALID_SYNTAX;
	if (notify == GIKEV2_N_UNSUPPORTED_CRITICAL_PAYLOAD)
		gikev2_respond_notify(ike, rx, notify, critical, 1);
	else
		gikev2_respond_notify(ike, rx, notify, NULL, 0);
	if (notify == GIKEV2_N_INVALID_SYNTAX ||
	    ike->state == GIKEV2_IKE_HALF_OPEN)
		gikev2_ike_end(ike, err, rx->now);
}

static int repeated_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret;

	if (!ike->response.ptr || rx->header.id + 1 != ike->recv_id)
		return -GIKEV2_ERR_OLD_MESSAGE;
	ret = gikev2_sk_open_again(ike, rx);
	if (ret == -GIKEV2_ERR_BAD_ICV || ret == -GIKEV2_ERR_UNPROTECTED)
		return ret;
	gikev2_fragments_free(&ike->fragments);
	/* of a fragmented request only the first one (RFC 7383 2.6.1) */
	if (rx->repeat) {
		rx->engine->totals.retransmissions++;
		gikev2_ike_send(ike, rx->path, &ike->response, rx->now);
	}
	return -GIKEV2_ERR_DUPLICATE;
}

static int request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret;

	if (ike->state == GIKEV2_IKE_AUTH_SENT ||
	    ike->state == GIKEV2_IKE_INTERMEDIATE_SENT)
		return -GIKEV2_ERR_BAD_STATE;
	/* the costly half of the key exchange waits for a proof of address */
	if (ike->state == GIKEV2_IKE_HALF_OPEN) {
		ret = gikev2_sk_derive(ike);
		if (ret < 0) {
			gikev2_ike_end(ike, ret, rx->now);
			return ret;
		}
	}
	if (rx->header.id != ike->recv_id)
		return repeated_request(ike, rx);
	ret = gikev2_sk_open(ike, rx);
	if (ret == -GIKEV2_ERR_BAD_ICV || ret == -GIKEV2_ERR_UNPROTECTED ||
	    ret == -GIKEV2_ERR_DUPLICATE || ret == -GIKEV2_ERR_REASSEMBLY_LIMIT)
		return ret;
	ike->last_seen = rx->now;
	if (ret == GIKEV2_INCOMPLETE)
		return 0;
	gikev2_nat_follow(ike, rx);
	if (rx->header.exchange != GIKEV2_INFORMATIONAL)
		gikev2_heir_used(ike, rx->now);
	if (ret == 0)
		ret = gikev2_transition(ike, rx);
	gikev2_fragments_free(&ike->fragments);
	if (ret < 0 && !ike->dead)
		refuse(ike, rx, ret);
	return ret;
}

static int dispatch(struct gikev2_rx *rx)
{
	struct gikev2_ike *ike;

	/* one datagram, and a whole group that would answer it */
	if (rx->header.exchange != GIKEV2_GSA_REKEY &&
	    gikev2_endpoint_multicast(&rx->path->local))
		return -GIKEV2_ERR_MULTICAST;
	switch (rx->header.exchange) {
	case GIKEV2_IKE_SA_INIT:
		return init_message(rx);
	case GIKEV2_GSA_REKEY:
		return gikev2_push_input(rx);
	case GIKEV2_IKE_AUTH:
	case GIKEV2_CREATE_CHILD_SA:
	case GIKEV2_INFORMATIONAL:
	case GIKEV2_GSA_AUTH:
	case GIKEV2_GSA_REGISTRATION:
	case GIKEV2_GSA_INBAND_REKEY:
	case GIKEV2_IKE_INTERMEDIATE:
	case GIKEV2_IKE_FOLLOWUP_KE:
		break;
	default:
		return -GIKEV2_ERR_BAD_EXCHANGE;
	}
	ike = gikev2_ike_find(rx->engine, &rx->header);
	if (!ike)
		return unknown_spi(rx);
	if (rx->header.flags & GIKEV2_FLAG_R)
		return response(ike, rx);
	return request(ike, rx);
}

/*
 * A request of a version that is not there yet: whoever sends it learns which
 * one is (RFC 7296 section 2.5).  A lower one is of another protocol on our port.
 */
static void unknown_version(struct gikev2_rx *rx)
{
	static const uint8_t ours = GIKEV2_VERSION >> 4;
	const size_t answer_len = GIKEV2_HEADER_LEN + 9;
	struct gikev2 *engine = rx->engine;
	struct gikev2_payloads *tx;

	if (rx->header.version >> 4 <= ours ||
	    rx->header.flags & GIKEV2_FLAG_R ||
	    rx->header.length != rx->raw.len || rx->raw.len <= answer_len ||
	    gikev2_endpoint_multicast(&rx->path->local) ||
	    rx->now < engine->notify_next)
		return;
	engine->notify_next = rx->now + NOTIFY_INTERVAL;
	tx = gikev2_tx(engine);
	gikev2_notify_add(tx, GIKEV2_N_INVALID_MAJOR_VERSION, &ours, 1);
	gikev2_send_clear(rx, rx->header.spi_r, tx, NULL);
}

static int check_header(struct gikev2_rx *rx)
{
	if (rx->raw.len < GIKEV2_HEADER_LEN)
		return -GIKEV2_ERR_TOO_SHORT;
	if (rx->raw.len > GIKEV2_MESSAGE_MAX)
		return -GIKEV2_ERR_TOO_LONG;
	gikev2_header_get(rx->raw.ptr, &rx->header);
	if (rx->header.version >> 4 != GIKEV2_VERSION >> 4)
		return -GIKEV2_ERR_BAD_VERSION;
	if (rx->header.length != rx->raw.len)
		return -GIKEV2_ERR_BAD_LENGTH;
	return 0;
}

/* Without what NAT-T puts in front; GIKEV2_KEEPALIVE: that was all. */
static int read_header(struct gikev2_rx *rx)
{
	int ret = rx->path->natt ? gikev2_nat_unframe(&rx->raw) : 0;

	return ret ? ret : check_header(rx);
}

bool gikev2_knows(struct gikev2 *engine, const struct gikev2_path *path,
		  const uint8_t *octets, size_t len)
{
	struct gikev2_rx rx = { .path = path, .raw = { octets, len } };

	return read_header(&rx) == 0 &&
	       (rx.header.exchange == GIKEV2_GSA_REKEY ||
		gikev2_ike_find(engine, &rx.header));
}

int gikev2_input(struct gikev2 *engine, const struct gikev2_path *path,
		 const uint8_t *octets, size_t len, uint64_t now)
{
	struct gikev2_rx rx = {
		.engine = engine,
		.path = path,
		.now = now,
		.raw = { octets, len },
		.payloads = &engine->scratch->rx_payloads,
	};
	int ret;

	engine->totals.datagrams_in++;
	engine->problem_err = 0;
	ret = read_header(&rx);
	if (ret == GIKEV2_KEEPALIVE)
		return 0;
	if (ret == -GIKEV2_ERR_BAD_VERSION)
		unknown_version(&rx);
	if (ret < 0)
		return gikev2_count(engine, ret);
	engine->handling = true;
	ret = dispatch(&rx);
	engine->handling = false;
	if (ret < 0)
		gikev2_count(engine, ret);
	explicit_bzero(engine->scratch->in, engine->in_len);
	engine->in_len = 0;
	gikev2_run_deferred(engine, now);
	gikev2_bury(engine);
	return ret;
}

void gikev2_expire_some(struct gikev2 *engine, uint64_t now, size_t most)
{
	engine->problem_err = 0;
	gikev2_timers_run_some(&engine->timers, now, most);
	gikev2_bury(engine);
}

void gikev2_expire(struct gikev2 *engine, uint64_t now)
{
	gikev2_expire_some(engine, now, SIZE_MAX);
}

uint64_t gikev2_next_deadline(const struct gikev2 *engine)
{
	return gikev2_timers_next(&engine->timers);
}
