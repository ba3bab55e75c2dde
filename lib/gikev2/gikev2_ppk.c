// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Post-quantum pre-shared keys.
 */
#include <string.h>

#include "gikev2/gikev2_ppk.h"

/* Type of a PPK_ID that names one PPK; the other type is for out-of-band use. */
#define PPK_ID_FIXED 2

/* As the caller's callback has it. */
static int get(const struct gikev2_ike *ike, void *cookie,
	       struct gikev2_ppk *ppk)
{
	struct gikev2 *engine = ike->engine;
	int ret;

	if (!engine->callbacks->ppk)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	ret = engine->callbacks->ppk(
		engine->arg, ike->server ? GIKEV2_SERVER : GIKEV2_MEMBER,
		cookie, ike->peer, ppk);
	return ret < 0 ? -GIKEV2_ERR_NO_CREDENTIAL : 0;
}

/* -------------------------------------------------------------------- keys */

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = a[i];

		a[i] = b[i];
		b[i] = octet;
	}
}

void gikev2_ppk_swap(struct gikev2_ike *ike)
{
	struct gikev2_setup *setup = ike->setup;
	size_t len = ike->suite.prf->len;

	swap(ike->sk_d, setup->ppk.sk_d, len);
	swap(setup->sk_pi, setup->ppk.sk_pi, len);
	swap(setup->sk_pr, setup->ppk.sk_pr, len);
}

/* SK_x = prf+(PPK, SK_x'), as long as before (section 3) */
static int mix_one(struct gikev2_ike *ike, const struct gikev2_ppk *ppk,
		   const uint8_t *plain, uint8_t *mixed)
{
	size_t len = ike->suite.prf->len;
	struct gikev2_chunk seed = { plain, len };

	return gikev2_prf_plus(ike->engine->crypto, ike->suite.prf,
			       (struct gikev2_chunk){ ppk->octets, ppk->len },
			       &seed, 1, mixed, len);
}

/* From here on the keys in use are those with the PPK. */
static int mix(struct gikev2_ike *ike, const struct gikev2_ppk *ppk)
{
	struct gikev2_setup *setup = ike->setup;
	int ret = mix_one(ike, ppk, ike->sk_d, setup->ppk.sk_d);

	if (ret == 0)
		ret = mix_one(ike, ppk, setup->sk_pi, setup->ppk.sk_pi);
	if (ret == 0)
		ret = mix_one(ike, ppk, setup->sk_pr, setup->ppk.sk_pr);
	if (ret == 0)
		gikev2_ppk_swap(ike);
	return ret;
}

/* --------------------------------------------------------------- initiator */

void gikev2_ppk_prepare(struct gikev2_ike *ike)
{
	struct gikev2_ppk_state *state = &ike->setup->ppk;
	struct gikev2_ppk ppk = { 0 };
	int ret = get(ike, gikev2_member_cookie(gikev2_ike_member(ike)), &ppk);

	state->wanted = ret == 0 && ppk.len && ppk.id_len;
	/* a PPK that must be used and cannot be read is still one */
	state->mandatory = ppk.mandatory;
	explicit_bzero(&ppk, sizeof(ppk));
}

void gikev2_ppk_offer(const struct gikev2_ike *ike, struct gikev2_payloads *tx)
{
	if (ike->setup->ppk.wanted)
		gikev2_notify_add(tx, GIKEV2_N_USE_PPK, NULL, 0);
}

int gikev2_ppk_offered(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	struct gikev2_ppk_state *state = &ike->setup->ppk;

	state->agreed = state->wanted &&
			gikev2_notify_find(rx->payloads, GIKEV2_N_USE_PPK);
	if (!state->mandatory || state->agreed)
		return 0;
	return gikev2_problem(
		ike->engine, -GIKEV2_ERR_PPK, "%s",
		state->wanted
			? "the key server uses no post-quantum pre-shared keys, and here one is mandatory"
			: "the post-quantum pre-shared key, which is mandatory, is of no use");
}

int gikev2_ppk_use(struct gikev2_ike *ike)
{
	struct gikev2_ppk_state *state = &ike->setup->ppk;
	struct gikev2_ppk ppk = { 0 };
	int ret;

	if (!state->agreed)
		return 0;
	ret = get(ike, gikev2_member_cookie(gikev2_ike_member(ike)), &ppk);
	/* it may be gone since we spoke of it */
	if (ret == 0 && (!ppk.len || !ppk.id_len))
		ret = -GIKEV2_ERR_NO_CREDENTIAL;
	if (ret == 0)
		ret = mix(ike, &ppk);
	state->id_len = ppk.id_len;
	memcpy(state->id, ppk.id, sizeof(state->id));
	explicit_bzero(&ppk, sizeof(ppk));
	return ret;
}

int gikev2_ppk_identify(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx)
{
	const struct gikev2_ppk_state *state = &ike->setup->ppk;
	size_t len = 1 + (size_t)state->id_len;
	uint8_t *data;

	if (!ike->initiator || !state->agreed)
		return 0;
	data = gikev2_arena_alloc(&ike->engine->arena, len);
	if (!data)
		return -GIKEV2_ERR_NO_MEMORY;
	data[0] = PPK_ID_FIXED;
	memcpy(data + 1, state->id, state->id_len);
	gikev2_notify_add(tx, GIKEV2_N_PPK_IDENTITY, data, len);
	return 0;
}

/* What is in the server's PPK_IDENTITY does not matter. */
int gikev2_ppk_settle(struct gikev2_ike *ike, const struct gikev2_rx *rx)
{
	struct gikev2_ppk_state *state = &ike->setup->ppk;

	if (!state->agreed)
		return 0;
	if (gikev2_notify_find(rx->payloads, GIKEV2_N_PPK_IDENTITY)) {
		state->used = ike->ppk = true;
		return 0;
	}
	if (state->mandatory)
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_PPK,
			"the key server did not use the post-quantum pre-shared key, which is mandatory here");
	gikev2_ppk_swap(ike);
	return 0;
}

/* --------------------------------------------------------------- responder */

void gikev2_ppk_asked(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		      struct gikev2_payloads *tx)
{
	struct gikev2_ppk ppk = { 0 };

	if (!gikev2_notify_find(rx->payloads, GIKEV2_N_USE_PPK))
		return;
	/* whose PPK it will be is not known yet: is there any? */
	ike->setup->ppk.agreed = get(ike, NULL, &ppk) == 0;
	explicit_bzero(&ppk, sizeof(ppk));
	if (ike->setup->ppk.agreed)
		gikev2_notify_add(tx, GIKEV2_N_USE_PPK, NULL, 0);
}

/* The ID that the request names; one of a type that we do not know is none. */
static void read_identity(const struct gikev2_pld_notify *notify,
			  struct gikev2_ppk *ppk)
{
	const struct gikev2_chunk *data = &notify->data;

	if (data->len < 2 || data->len - 1 > sizeof(ppk->id) ||
	    data->ptr[0] != PPK_ID_FIXED)
		return;
	ppk->id_len = data->len - 1;
	memcpy(ppk->id, data->ptr + 1, ppk->id_len);
}

/* Without the PPK, if both sides may do without. */
static int do_without(struct gikev2_ike *ike, struct gikev2_rx *rx,
		      bool mandatory)
{
	const struct gikev2_pld_notify *auth =
		gikev2_notify_find(rx->payloads, GIKEV2_N_NO_PPK_AUTH);

	if (mandatory)
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_PPK,
			"the peer used none of our post-quantum pre-shared keys, and for it one is mandatory");
	if (!ike->setup->ppk.agreed)
		return 0;
	if (!auth)
		return gikev2_problem(
			ike->engine, -GIKEV2_ERR_PPK,
			"the peer insists on a post-quantum pre-shared key that we do not have for it");
	gikev2_payload_find(rx->payloads, GIKEV2_PLD_AUTH)->auth.data =
		auth->data;
	return 0;
}

int gikev2_ppk_find(struct gikev2_ike *ike, struct gikev2_rx *rx, void *cookie)
{
	struct gikev2_ppk_state *state = &ike->setup->ppk;
	const struct gikev2_pld_notify *identity =
		gikev2_notify_find(rx->payloads, GIKEV2_N_PPK_IDENTITY);
	struct gikev2_ppk ppk = { 0 };
	int ret;

	if (state->agreed && !identity)
		return -GIKEV2_ERR_AUTH_FAILED;
	if (state->agreed)
		read_identity(identity, &ppk);
	ret = get(ike, cookie, &ppk);
	if (ret == 0 && state->agreed && ppk.id_len && ppk.len) {
		ret = mix(ike, &ppk);
		if (ret == 0)
			ret = gikev2_proof_digest(
				ike->engine,
				(struct gikev2_chunk){ ppk.octets, ppk.len },
				ike->ppk_proof);
		state->used = ike->ppk = ret == 0;
	} else {
		ret = do_without(ike, rx, ppk.mandatory);
	}
	explicit_bzero(&ppk, sizeof(ppk));
	return ret;
}

void gikev2_ppk_confirm(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx)
{
	if (ike->setup->ppk.used)
		gikev2_notify_add(tx, GIKEV2_N_PPK_IDENTITY, NULL, 0);
}
