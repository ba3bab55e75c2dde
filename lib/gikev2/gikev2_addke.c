// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges: which, and in an SA's set-up.
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"

/* -------------------------------------------------------------- negotiation */

size_t
gikev2_addke_methods(const struct gikev2 *engine, size_t n,
		     const struct gikev2_ke_alg *methods[GIKEV2_ADDKE_METHODS])
{
	const struct gikev2_addke *addke = &engine->params.addke[n];
	size_t count = 0;

	for (size_t i = 0; i < GIKEV2_ADDKE_METHODS && addke->methods[i]; i++) {
		methods[count] = gikev2_ke_find(addke->methods[i]);
		count += methods[count] != NULL;
	}
	return count;
}

bool gikev2_addke_offered(const struct gikev2 *engine)
{
	const struct gikev2_ke_alg *methods[GIKEV2_ADDKE_METHODS];
	bool any = false;

	for (size_t n = 0; n < GIKEV2_ADDKE_MAX; n++) {
		bool has = gikev2_addke_methods(engine, n, methods) > 0;

		if (!has && engine->params.addke[n].mandatory)
			return false;
		any |= has;
	}
	return any;
}

bool gikev2_addke_mandatory(const struct gikev2 *engine)
{
	for (size_t n = 0; n < GIKEV2_ADDKE_MAX; n++)
		if (engine->params.addke[n].mandatory)
			return true;
	return false;
}

static bool is_one_of(const struct gikev2_ke_alg *const *methods, size_t count,
		      const struct gikev2_ke_alg *method)
{
	while (count--)
		if (methods[count] == method)
			return true;
	return false;
}

void gikev2_addke_take(const struct gikev2 *engine,
		       struct gikev2_addke_choice *choice, uint8_t type,
		       uint16_t id, bool plain)
{
	size_t n = type - GIKEV2_XF_ADDKE1;
	const struct gikev2_ke_alg *ours[GIKEV2_ADDKE_METHODS];
	const struct gikev2_ke_alg *method = gikev2_ke_find(id);
	size_t count = gikev2_addke_methods(engine, n, ours);

	choice->types |= 1 << n;
	if (!plain)
		return;
	if (id == GIKEV2_KE_NONE)
		choice->none |= 1 << n;
	else if (method && is_one_of(ours, count, method) &&
		 !is_one_of(choice->method[n], choice->count[n], method))
		choice->method[n][choice->count[n]++] = method;
}

/* May the n-th type do without? */
static bool may_skip(const struct gikev2 *engine,
		     const struct gikev2_addke_choice *choice, size_t n)
{
	bool listed = choice->types & 1 << n;

	return !engine->params.addke[n].mandatory &&
	       (!listed || choice->none & 1 << n);
}

static bool is_used(const struct gikev2_suite *suite, size_t n,
		    const struct gikev2_ke_alg *method)
{
	return suite->ke == method || is_one_of(suite->addke, n, method);
}

/* The types from n on: a method that a later type needs is given back. */
static bool assign(const struct gikev2 *engine,
		   const struct gikev2_addke_choice *choice, size_t n,
		   struct gikev2_suite *suite)
{
	if (n == GIKEV2_ADDKE_MAX)
		return true;
	for (size_t i = 0; i < choice->count[n]; i++) {
		if (is_used(suite, n, choice->method[n][i]))
			continue;
		suite->addke[n] = choice->method[n][i];
		if (assign(engine, choice, n + 1, suite))
			return true;
	}
	suite->addke[n] = NULL;
	return may_skip(engine, choice, n) &&
	       assign(engine, choice, n + 1, suite);
}

bool gikev2_addke_choose(const struct gikev2 *engine,
			 const struct gikev2_addke_choice *choice, bool none,
			 struct gikev2_suite *suite)
{
	struct gikev2_addke_choice without = *choice;

	suite->addke_types = choice->types;
	if (none)
		memset(without.count, 0, sizeof(without.count));
	return assign(engine, none ? &without : choice, 0, suite);
}

/* ------------------------------------------------------------------ IntAuth */

/* prf(SK_p, what there is so far | A | P), in the place of what there is. */
static int intauth_add(struct gikev2_ike *ike, bool of_initiator,
		       const uint8_t *a, struct gikev2_chunk p)
{
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_setup *setup = ike->setup;
	uint8_t *sum = of_initiator ? setup->addke.auth_i : setup->addke.auth_r;
	struct gikev2_chunk key = { of_initiator ? setup->sk_pi : setup->sk_pr,
				    prf->len };
	struct gikev2_chunk parts[] = {
		{ sum, setup->addke.done ? prf->len : 0 },
		{ a, GIKEV2_SIGNED_HEADER_LEN },
		p,
	};

	return gikev2_prf(ike->engine->crypto, prf, key, parts, 3, sum);
}

int gikev2_intauth_sent(struct gikev2_ike *ike,
			const struct gikev2_header *header, uint8_t first,
			struct gikev2_chunk text)
{
	uint8_t a[GIKEV2_SIGNED_HEADER_LEN];
	struct gikev2_header sent = *header;

	sent.version = GIKEV2_VERSION;
	gikev2_signed_header(&sent, first, 0, text.len, a);
	return intauth_add(ike, ike->initiator, a, text);
}

static int intauth_received(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	uint8_t a[GIKEV2_SIGNED_HEADER_LEN];

	gikev2_signed_header(&rx->header, rx->first, rx->reserved, rx->text.len,
			     a);
	return intauth_add(ike, !ike->initiator, a, rx->text);
}

struct gikev2_chunk gikev2_intauth(const struct gikev2_ike *ike,
				   uint8_t out[GIKEV2_INTAUTH_MAX])
{
	const struct gikev2_addke_state *state = &ike->setup->addke;
	size_t len = ike->suite.prf->len;

	if (!state->done)
		return (struct gikev2_chunk){ 0 };
	memcpy(out, state->auth_i, len);
	memcpy(out + len, state->auth_r, len);
	/* Message ID of the first AUTH: IKE_SA_INIT had 0 */
	gikev2_put_int(out + 2 * len, state->done + 1, 4);
	return (struct gikev2_chunk){ out, 2 * len + 4 };
}

/* ---------------------------------------------------------------- exchanges */

const struct gikev2_ke_alg *gikev2_addke_next(const struct gikev2_ike *ike)
{
	for (size_t n = ike->setup->addke.next; n < GIKEV2_ADDKE_MAX; n++)
		if (ike->suite.addke[n])
			return ike->suite.addke[n];
	return NULL;
}

void gikev2_addke_step(struct gikev2_ike *ike)
{
	struct gikev2_addke_state *state = &ike->setup->addke;

	while (!ike->suite.addke[state->next])
		state->next++;
	state->next++;
	state->done++;
}

int gikev2_addke_add(struct gikev2_ike *ike, struct gikev2_payloads *tx,
		     uint8_t public[GIKEV2_KE_PUBLIC_MAX])
{
	const struct gikev2_ke_alg *alg = gikev2_addke_next(ike);
	struct gikev2_payload *payload;
	int ret = gikev2_make_ke(ike, alg);

	if (ret < 0)
		return ret;
	payload = gikev2_payload_add(tx, GIKEV2_PLD_KE);
	payload->ke.group = alg->id;
	payload->ke.data = (struct gikev2_chunk){ public, alg->public_len };
	return gikev2_ke_public(ike->setup->ke, public);
}

static const struct gikev2_pld_ke *find_ke(struct gikev2_rx *rx,
					   const struct gikev2_ke_alg *alg)
{
	const struct gikev2_pld_ke *ke =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE)->ke;

	return ke->group == alg->id ? ke : NULL;
}

int gikev2_addke_finish(struct gikev2_ike *ike, struct gikev2_rx *rx,
			uint8_t shared[GIKEV2_KE_SHARED_MAX])
{
	const struct gikev2_pld_ke *ke = find_ke(rx, gikev2_addke_next(ike));
	int ret;

	if (!ke)
		return -GIKEV2_ERR_BAD_KE;
	ret = gikev2_ke_derive(ike->setup->ke, ke->data, shared);
	if (ret == 0)
		gikev2_addke_step(ike);
	return ret;
}

int gikev2_addke_answer(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_payloads *tx,
			uint8_t public[GIKEV2_KE_PUBLIC_MAX],
			uint8_t shared[GIKEV2_KE_SHARED_MAX])
{
	const struct gikev2_ke_alg *alg = gikev2_addke_next(ike);
	const struct gikev2_pld_ke *ke = find_ke(rx, alg);
	struct gikev2 *engine = ike->engine;
	struct gikev2_payload *payload;
	int ret;

	if (!ke)
		return -GIKEV2_ERR_BAD_KE;
	ret = gikev2_ke_respond(engine->crypto, alg, engine->callbacks->random,
				engine->arg, ke->data, public, shared);
	if (ret < 0)
		return ret;
	payload = gikev2_payload_add(tx, GIKEV2_PLD_KE);
	payload->ke.group = alg->id;
	payload->ke.data = (struct gikev2_chunk){ public, alg->response_len };
	return 0;
}

/* --------------------------------------------------------- IKE_INTERMEDIATE */

static int send_intermediate(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret = gikev2_addke_add(ike, tx, public);

	if (ret == 0)
		ret = gikev2_request(ike, GIKEV2_IKE_INTERMEDIATE, tx, now);
	if (ret == 0)
		ike->state = GIKEV2_IKE_INTERMEDIATE_SENT;
	return ret;
}

int gikev2_setup_continue(struct gikev2_ike *ike, uint64_t now)
{
	int ret;

	if (gikev2_addke_next(ike))
		return send_intermediate(ike, now);
	ret = gikev2_auth_start(ike, now);
	if (ret < 0)
		return ret;
	ike->state = GIKEV2_IKE_AUTH_SENT;
	if (ike->ties)
		gikev2_member_pairwise(gikev2_ike_member(ike), now);
	return 0;
}

/* The next request waits for this one to be over. */
int gikev2_intermediate_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	const struct gikev2_ke_alg *alg = gikev2_addke_next(ike);
	int ret = intauth_received(ike, rx);

	if (ret == 0)
		ret = gikev2_addke_finish(ike, rx, shared);
	if (ret == 0)
		ret = gikev2_sk_update(
			ike, (struct gikev2_chunk){ shared, alg->shared_len });
	explicit_bzero(shared, sizeof(shared));
	return ret;
}

/* Nobody has proved who he is: what is said here ends this attempt, no more. */
int gikev2_intermediate_error(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);

	(void)ike;
	return notify ? gikev2_err_from_notify(notify->type)
		      : -GIKEV2_ERR_BAD_PAYLOADS;
}

/* With the keys from before, until the answer is on its way. */
static int answer(struct gikev2_ike *ike, struct gikev2_rx *rx,
		  uint8_t shared[GIKEV2_KE_SHARED_MAX])
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret = gikev2_addke_answer(ike, rx, tx, public, shared);

	return ret < 0 ? ret : gikev2_respond(ike, rx, tx);
}

int gikev2_intermediate_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_addke_state *state = &ike->setup->addke;
	const struct gikev2_ke_alg *alg = gikev2_addke_next(ike);
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	int ret;

	/* as many as were agreed on, and no more (RFC 9242 section 5) */
	if (!alg)
		return -GIKEV2_ERR_BAD_STATE;
	ret = intauth_received(ike, rx);
	if (ret == 0)
		ret = answer(ike, rx, shared);
	if (ret == 0) {
		/* the request will come again if the answer was lost */
		memcpy(state->old_e, ike->sk_ei, sizeof(state->old_e));
		memcpy(state->old_a, ike->sk_ai, sizeof(state->old_a));
		gikev2_addke_step(ike);
		ret = gikev2_sk_update(
			ike, (struct gikev2_chunk){ shared, alg->shared_len });
	}
	explicit_bzero(shared, sizeof(shared));
	if (ret == 0)
		gikev2_timer_set(&ike->engine->timers, &ike->timer,
				 rx->now + ike->engine->params.half_open_time);
	return ret;
}
