// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_SA_INIT (RFC 7296 section 1.2): the slides' Pair-wise Key Generation.
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"
#include "gikev2/gikev2_nat.h"
#include "gikev2/gikev2_ppk.h"

#define COOKIE_MAX 64
/* Answers that make us send another IKE_SA_INIT request. */
#define ROUNDS_MAX 4

/* What we are and can do, whatever the other side is. */
static void add_extras(struct gikev2_ike *ike, struct gikev2_payloads *tx)
{
	struct gikev2 *engine = ike->engine;

	if (engine->params.fragment_size)
		gikev2_notify_add(tx, GIKEV2_N_IKEV2_FRAGMENTATION_SUPPORTED,
				  NULL, 0);
	gikev2_payload_add(tx, GIKEV2_PLD_VENDOR)->octets.data =
		(struct gikev2_chunk){ engine->vendor_id,
				       GIKEV2_VENDOR_ID_LEN };
	gikev2_proof_announce(ike, tx);
}

int gikev2_add_exchange(struct gikev2_ike *ike, struct gikev2_payloads *tx,
			const struct gikev2_octets *nonce,
			uint8_t public[GIKEV2_KE_PUBLIC_MAX])
{
	const struct gikev2_ke_alg *alg = gikev2_ke_algorithm(ike->setup->ke);
	struct gikev2_payload *ke = gikev2_payload_add(tx, GIKEV2_PLD_KE);

	ke->ke.group = alg->id;
	ke->ke.data = (struct gikev2_chunk){ public, alg->public_len };
	gikev2_payload_add(tx, GIKEV2_PLD_NONCE)->octets.data =
		gikev2_chunk(nonce);
	return gikev2_ke_public(ike->setup->ke, public);
}

int gikev2_make_nonce(struct gikev2 *engine, struct gikev2_octets *nonce)
{
	uint8_t octets[GIKEV2_NONCE_LEN];
	int ret = gikev2_random(engine, octets, sizeof(octets));

	return ret < 0 ? ret : gikev2_octets_set(nonce, octets, sizeof(octets));
}

int gikev2_make_ke(struct gikev2_ike *ike, const struct gikev2_ke_alg *alg)
{
	struct gikev2 *engine = ike->engine;

	gikev2_ke_free(ike->setup->ke);
	ike->setup->ke = NULL;
	return gikev2_ke_new(engine->crypto, alg, engine->callbacks->random,
			     engine->arg, &ike->setup->ke);
}

static bool is_profile(struct gikev2_rx *rx)
{
	const struct gikev2_payloads *payloads = rx->payloads;

	for (size_t i = 0; i < payloads->count; i++) {
		const struct gikev2_payload *payload = &payloads->item[i];

		if (payload->type == GIKEV2_PLD_VENDOR &&
		    payload->octets.data.len == GIKEV2_VENDOR_ID_LEN &&
		    memcmp(payload->octets.data.ptr, rx->engine->vendor_id,
			   GIKEV2_VENDOR_ID_LEN) == 0)
			return true;
	}
	return false;
}

static int read_extras(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	ike->profile = is_profile(rx);
	ike->fragmentation =
		ike->engine->params.fragment_size &&
		gikev2_notify_find(rx->payloads,
				   GIKEV2_N_IKEV2_FRAGMENTATION_SUPPORTED);
	return gikev2_proof_learn(ike, rx);
}

/* Without it there is no way to do more than one key exchange (RFC 9370). */
static bool has_intermediate(const struct gikev2_rx *rx)
{
	return gikev2_notify_find(rx->payloads,
				  GIKEV2_N_INTERMEDIATE_EXCHANGE_SUPPORTED);
}

/* --------------------------------------------------------------- initiator */

/* The request, as the setup has it: a cookie in front when there is one. */
static int send_request(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_setup *setup = ike->setup;
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret;

	if (setup->cookie.len)
		gikev2_notify_add(tx, GIKEV2_N_COOKIE, setup->cookie.ptr,
				  setup->cookie.len);
	gikev2_suite_offer(ike->engine, (struct gikev2_chunk){ 0 },
			   gikev2_payload_add(tx, GIKEV2_PLD_SA));
	ret = gikev2_add_exchange(ike, tx, &setup->ni, public);
	if (ret == 0)
		ret = gikev2_nat_offer(ike, tx);
	gikev2_ppk_offer(ike, tx);
	if (gikev2_addke_offered(ike->engine))
		gikev2_notify_add(tx, GIKEV2_N_INTERMEDIATE_EXCHANGE_SUPPORTED,
				  NULL, 0);
	add_extras(ike, tx);
	return ret < 0 ? ret : gikev2_send_init(ike, tx, now);
}

int gikev2_init_start(struct gikev2_ike *ike, uint64_t now)
{
	const struct gikev2_ke_alg *alg = gikev2_suite_first_ke(ike->engine);
	int ret;

	if (!alg || !gikev2_suite_possible(ike->engine))
		return -GIKEV2_ERR_CRYPTO;
	ret = gikev2_make_ke(ike, alg);
	if (ret == 0)
		ret = gikev2_make_nonce(ike->engine, &ike->setup->ni);
	if (ret < 0)
		return ret;
	gikev2_ppk_prepare(ike);
	ike->engine->arena.used = 0;
	return send_request(ike, now);
}

/* The other side's public value and nonce. */
int gikev2_keep_peer(struct gikev2_rx *rx, struct gikev2_octets *ke,
		     struct gikev2_octets *nonce)
{
	const struct gikev2_payload *pld_ke =
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE);
	const struct gikev2_payload *pld_nonce =
		gikev2_payload_find(rx->payloads, GIKEV2_PLD_NONCE);
	int ret =
		gikev2_octets_set(ke, pld_ke->ke.data.ptr, pld_ke->ke.data.len);

	if (ret == 0)
		ret = gikev2_octets_set(nonce, pld_nonce->octets.data.ptr,
					pld_nonce->octets.data.len);
	return ret;
}

/*
 * Nothing here is authenticated: what is wrong is counted and dropped, and
 * the request goes on being repeated until somebody answers properly.
 */
int gikev2_init_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	static const uint8_t zero[GIKEV2_SPI_LEN];
	const struct gikev2_pld_notify *error =
		gikev2_notify_error(rx->payloads);
	struct gikev2_setup *setup = ike->setup;
	const struct gikev2_pld_ke *ke =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE)->ke;
	struct gikev2_suite suite;
	int ret;

	if (memcmp(rx->header.spi_r, zero, GIKEV2_SPI_LEN) == 0)
		return -GIKEV2_ERR_BAD_SYNTAX;
	/* an answer and an error at once is neither */
	if (error)
		return gikev2_err_from_notify(error->type);
	ret = gikev2_suite_accept(
		ike->engine,
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA)->sa, 0,
		has_intermediate(rx), &suite);
	if (ret < 0)
		return ret;
	if (ke->group != suite.ke->id ||
	    suite.ke != gikev2_ke_algorithm(setup->ke))
		return -GIKEV2_ERR_BAD_KE;
	ret = read_extras(ike, rx);
	if (ret == 0)
		ret = gikev2_keep_peer(rx, &setup->peer_ke, &setup->nr);
	if (ret == 0)
		ret = gikev2_octets_set(&setup->init_response, rx->raw.ptr,
					rx->raw.len);
	if (ret < 0)
		return ret;
	ike->suite = suite;
	memcpy(ike->spi_r, rx->header.spi_r, GIKEV2_SPI_LEN);
	ret = gikev2_sk_derive(ike);
	if (ret < 0)
		return ret;
	ret = gikev2_nat_answered(ike, rx);
	if (ret < 0)
		return ret;
	gikev2_octets_free(&ike->request);
	ike->send_id = 1;
	/* from here on no repetition would mend an error */
	ret = gikev2_ppk_offered(ike, rx);
	if (ret == 0)
		ret = gikev2_setup_continue(ike, rx->now);
	if (ret < 0)
		gikev2_ike_end(ike, ret, rx->now);
	return ret;
}

/* The responder wants to see that we are where we say. */
static int take_cookie(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		       struct gikev2_chunk cookie)
{
	int ret;

	if (!cookie.len || cookie.len > COOKIE_MAX)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ret = gikev2_octets_set(&ike->setup->cookie, cookie.ptr, cookie.len);
	return ret < 0 ? ret : send_request(ike, rx->now);
}

/* It wants another group: one that we offered, and not the same again. */
static int take_group(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		      struct gikev2_chunk data)
{
	const struct gikev2_ke_alg *alg;
	int ret;

	if (data.len != 2)
		return -GIKEV2_ERR_BAD_SYNTAX;
	alg = gikev2_ke_find(gikev2_get_int(data.ptr, 2));
	if (!alg ||
	    !gikev2_suite_knows(ike->engine, GIKEV2_XF_KE, alg->id, 0) ||
	    alg == gikev2_ke_algorithm(ike->setup->ke))
		return -GIKEV2_ERR_BAD_KE;
	ret = gikev2_make_ke(ike, alg);
	return ret < 0 ? ret : send_request(ike, rx->now);
}

/*
 * Anybody can send this.  A cookie and another group are worth another try,
 * a few times; all else is counted, and the request goes on being repeated.
 */
int gikev2_init_error(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *cookie =
		gikev2_notify_find(rx->payloads, GIKEV2_N_COOKIE);
	const struct gikev2_pld_notify *error =
		gikev2_notify_error(rx->payloads);

	if (cookie || (error && error->type == GIKEV2_N_INVALID_KE_PAYLOAD)) {
		if (ike->setup->rounds == ROUNDS_MAX)
			return -GIKEV2_ERR_LIMIT;
		ike->setup->rounds++;
		return cookie ? take_cookie(ike, rx, cookie->data)
			      : take_group(ike, rx, error->data);
	}
	if (!error)
		return -GIKEV2_ERR_BAD_PAYLOADS;
	if (error->type == GIKEV2_N_NO_PROPOSAL_CHOSEN)
		ike->setup->no_proposal = true;
	return gikev2_err_from_notify(error->type);
}

/* --------------------------------------------------------------- responder */

static int answer_error(struct gikev2_rx *rx, uint16_t type, const void *data,
			size_t len, int err)
{
	static const uint8_t no_spi[GIKEV2_SPI_LEN];
	struct gikev2_payloads *tx = gikev2_tx(rx->engine);

	gikev2_notify_add(tx, type, data, len);
	gikev2_send_clear(rx, no_spi, tx, NULL);
	return err;
}

void gikev2_init_unknown(struct gikev2_rx *rx)
{
	if (rx->engine->groups)
		answer_error(rx, GIKEV2_N_UNSUPPORTED_CRITICAL_PAYLOAD,
			     &rx->payloads->unknown_critical, 1, 0);
}

/* A suite that we do, with a public value that fits it. */
static int negotiate(struct gikev2_rx *rx, struct gikev2_suite *suite)
{
	const struct gikev2_pld_ke *ke =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE)->ke;
	uint8_t group[2];
	int ret = gikev2_suite_choose(
		rx->engine,
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA)->sa, 0,
		ke->group, has_intermediate(rx), suite);

	if (ret < 0)
		return answer_error(rx, GIKEV2_N_NO_PROPOSAL_CHOSEN, NULL, 0,
				    ret);
	if (ke->group != suite->ke->id) {
		gikev2_put_int(group, suite->ke->id, sizeof(group));
		return answer_error(rx, GIKEV2_N_INVALID_KE_PAYLOAD, group,
				    sizeof(group), -GIKEV2_ERR_BAD_KE);
	}
	if (ke->data.len != suite->ke->public_len)
		return -GIKEV2_ERR_BAD_KE;
	return 0;
}

static int half_open(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_setup *setup = ike->setup;
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret;

	memcpy(ike->spi_i, rx->header.spi_i, GIKEV2_SPI_LEN);
	ike->recv_id = 1;
	ret = read_extras(ike, rx);
	if (ret == 0)
		ret = gikev2_keep_peer(rx, &setup->peer_ke, &setup->ni);
	if (ret == 0)
		ret = gikev2_octets_set(&setup->init_request, rx->raw.ptr,
					rx->raw.len);
	if (ret == 0)
		ret = gikev2_make_nonce(ike->engine, &setup->nr);
	if (ret == 0)
		ret = gikev2_make_ke(ike, ike->suite.ke);
	if (ret < 0)
		return ret;
	gikev2_suite_answer(ike->engine, &ike->suite,
			    (struct gikev2_chunk){ 0 },
			    gikev2_payload_add(tx, GIKEV2_PLD_SA));
	ret = gikev2_add_exchange(ike, tx, &setup->nr, public);
	if (ret == 0)
		ret = gikev2_nat_asked(ike, rx, tx);
	if (ret < 0)
		return ret;
	gikev2_ppk_asked(ike, rx, tx);
	if (gikev2_addke_next(ike))
		gikev2_notify_add(tx, GIKEV2_N_INTERMEDIATE_EXCHANGE_SUPPORTED,
				  NULL, 0);
	add_extras(ike, tx);
	gikev2_notify_add(tx, GIKEV2_N_CHILDLESS_IKEV2_SUPPORTED, NULL, 0);
	ret = gikev2_send_clear(rx, ike->spi_r, tx, &setup->init_response);
	/* lost on the way out is lost on the way: the copy serves the repeat */
	return setup->init_response.ptr ? 0 : ret;
}

int gikev2_init_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2 *engine = rx->engine;
	struct gikev2_suite suite;
	bool kept;
	int ret;

	if (!engine->groups)
		return -GIKEV2_ERR_NOT_SERVER;
	ike = gikev2_half_open_find(rx);
	if (ike) {
		gikev2_output(engine, rx->path, ike->setup->init_response.ptr,
			      ike->setup->init_response.len);
		return -GIKEV2_ERR_DUPLICATE;
	}
	ret = gikev2_cookie_check(rx);
	if (ret < 0)
		return ret;
	/* a full house asks for cookies: whose address this is was proved */
	ret = gikev2_half_open_room(rx);
	kept = ret < 0 && gikev2_half_open_kept(rx);
	if (ret < 0 && !kept)
		return ret;
	ret = negotiate(rx, &suite);
	if (ret < 0)
		return ret;
	ike = gikev2_ike_new(engine, false, rx->path);
	if (!ike)
		return -GIKEV2_ERR_NO_MEMORY;
	ike->suite = suite;
	ret = half_open(ike, rx);
	if (ret < 0) {
		gikev2_ike_end(ike, ret, rx->now);
		return ret;
	}
	gikev2_half_open_add(ike, kept);
	gikev2_timer_set(&engine->timers, &ike->timer,
			 rx->now + engine->params.half_open_time);
	return 0;
}
