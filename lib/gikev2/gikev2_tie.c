// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which of our groups use an IKE SA, and what they have to say over it:
 * GSA_REGISTRATION at the group member (RFC 9838 section 2.3.2).
 *
 * A tie outlives its member until the key server knows that we left.
 */
#include <stdlib.h>

#include "gikev2/gikev2_sender.h"

struct gikev2_tie *gikev2_tie_add(struct gikev2_ike *ike,
				  struct gikev2_member *member)
{
	struct gikev2_tie *tie = calloc(1, sizeof(*tie)), **end = &ike->ties;

	if (!tie)
		return NULL;
	tie->group = gikev2_id_dup(&gikev2_member_config(member)->group);
	if (!tie->group) {
		free(tie);
		return NULL;
	}
	tie->member = member;
	while (*end)
		end = &(*end)->next;
	*end = tie;
	return tie;
}

static struct gikev2_tie *find(const struct gikev2_ike *ike,
			       const struct gikev2_member *member)
{
	struct gikev2_tie *tie = ike->ties;

	while (tie && tie->member != member)
		tie = tie->next;
	return tie;
}

static void cut(struct gikev2_ike *ike, struct gikev2_tie *tie)
{
	struct gikev2_tie **at = &ike->ties;

	while (*at != tie)
		at = &(*at)->next;
	*at = tie->next;
	if (ike->asking == tie)
		ike->asking = NULL;
	free(tie->group);
	free(tie);
}

void gikev2_tie_cut(struct gikev2_ike *ike, const struct gikev2_member *member)
{
	struct gikev2_tie *tie = find(ike, member);

	if (tie)
		cut(ike, tie);
}

void gikev2_ties_free(struct gikev2_ike *ike)
{
	while (ike->ties)
		cut(ike, ike->ties);
}

struct gikev2_member *gikev2_ike_member(const struct gikev2_ike *ike)
{
	const struct gikev2_tie *tie = ike->ties;

	while (tie && !tie->member)
		tie = tie->next;
	return tie ? tie->member : NULL;
}

/* Another group of ours uses the SA as well. */
static bool is_shared(const struct gikev2_ike *ike,
		      const struct gikev2_member *member)
{
	const struct gikev2_tie *tie = ike->ties;

	while (tie && (!tie->member || tie->member == member))
		tie = tie->next;
	return tie;
}

struct gikev2_member *gikev2_ike_inband(const struct gikev2_ike *ike)
{
	struct gikev2_member *member = gikev2_ike_member(ike);
	const struct gikev2_tie *tie = ike->ties;

	if (!member || !is_shared(ike, member))
		return member;
	while (tie && !tie->inband)
		tie = tie->next;
	return tie ? tie->member : NULL;
}

const struct gikev2_tie *gikev2_tie_named(const struct gikev2_ike *ike,
					  const struct gikev2_pld_id *idg)
{
	const struct gikev2_tie *leaves = NULL;
	struct gikev2_id id;

	if (gikev2_id_from_payload(&id, idg) < 0)
		return NULL;
	for (struct gikev2_tie *tie = ike->ties; tie; tie = tie->next) {
		if (!gikev2_id_equal(tie->group, &id))
			continue;
		if (tie->member)
			return tie;
		leaves = tie;
	}
	return leaves;
}

void gikev2_tie_rekeyed(struct gikev2_ike *ike,
			const struct gikev2_member *member, uint64_t now)
{
	struct gikev2_tie *tie = find(ike, member);

	if (tie)
		tie->rekeyed = now;
}

void gikev2_ties_end(struct gikev2_ike *ike, int err, uint64_t now)
{
	struct gikev2_member *member;

	while ((member = gikev2_ike_member(ike))) {
		gikev2_tie_cut(ike, member);
		gikev2_member_ended(member, ike, err, now);
	}
}

void gikev2_ties_move(struct gikev2_ike *ike, struct gikev2_ike *heir,
		      uint64_t now)
{
	bool leaves = false, registers = false;

	heir->ties = ike->ties;
	ike->ties = NULL;
	ike->asking = NULL;
	for (struct gikev2_tie *tie = heir->ties; tie; tie = tie->next) {
		if (tie->member)
			gikev2_member_moved(tie->member, ike, heir);
		leaves |= tie->leaves != 0;
		registers |= tie->registers;
	}
	/* what was not answered on the old SA is asked again on the new one */
	if (leaves)
		gikev2_want(heir, GIKEV2_WANT_LEAVE, now);
	if (registers)
		gikev2_want(heir, GIKEV2_WANT_REGISTER, now);
}

void gikev2_ties_hint(const struct gikev2_ike *ike,
		      const struct gikev2_member *except, uint64_t now)
{
	for (struct gikev2_tie *tie = ike->ties; tie; tie = tie->next)
		if (tie->member && tie->member != except)
			gikev2_member_hint(tie->member, now);
}

/* ---------------------------------------------------------------- requests */

void gikev2_tie_register(struct gikev2_ike *ike, struct gikev2_tie *tie,
			 uint64_t now)
{
	tie->registers = true;
	gikev2_want(ike, GIKEV2_WANT_REGISTER, now);
}

void gikev2_tie_leave(struct gikev2_ike *ike,
		      const struct gikev2_member *member, uint16_t why,
		      uint64_t now)
{
	struct gikev2_tie *tie = find(ike, member);

	if (!tie || ike->dead)
		return;
	if (ike->state != GIKEV2_IKE_ESTABLISHED || !ike->suite.kwa) {
		cut(ike, tie);
		if (!ike->ties)
			gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, now);
		return;
	}
	tie->member = NULL;
	tie->registers = tie->inband = false;
	tie->leaves = why;
	/* what is being answered now is nobody's */
	if (ike->asking == tie)
		ike->asking = NULL;
	/* the SA goes when the last word has been said over it */
	if (!gikev2_ike_member(ike) && !ike->gms)
		ike->wants |= GIKEV2_WANT_DELETE;
	gikev2_want(ike, GIKEV2_WANT_LEAVE, now);
}

void gikev2_add_idg(struct gikev2_payloads *tx, const struct gikev2_id *group)
{
	struct gikev2_payload *idg = gikev2_payload_add(tx, GIKEV2_PLD_IDG);

	idg->id.type = group->type;
	idg->id.data = gikev2_id_chunk(group);
}

void gikev2_add_group(struct gikev2_ike *ike,
		      const struct gikev2_member *member,
		      struct gikev2_payloads *tx)
{
	const struct gikev2_member_config *config =
		gikev2_member_config(member);
	uint8_t *senders = gikev2_arena_alloc(&ike->engine->arena, 4);

	gikev2_add_idg(tx, &config->group);
	gikev2_sag_add(ike->engine, tx, config, ike->profile);
	if (!senders)
		return;
	gikev2_put_int(senders, gikev2_sender_ids_asked(config), 4);
	gikev2_notify_add(tx, GIKEV2_N_GROUP_SENDER, senders, 4);
}

int gikev2_send_registration(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	struct gikev2_tie *tie = ike->ties;

	while (tie && !tie->registers)
		tie = tie->next;
	if (!tie)
		return 0;
	ike->asking = tie;
	gikev2_add_group(ike, tie->member, tx);
	return gikev2_request(ike, GIKEV2_GSA_REGISTRATION, tx, now);
}

/* {IDg, N(error)}: we leave, or cannot follow the policy. */
int gikev2_send_leave(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	struct gikev2_tie *tie = ike->ties;

	while (tie && !tie->leaves)
		tie = tie->next;
	if (!tie)
		return 0;
	ike->asking = tie;
	gikev2_add_idg(tx, tie->group);
	gikev2_notify_add(tx, tie->leaves, NULL, 0);
	return gikev2_request(ike, GIKEV2_GSA_REGISTRATION, tx, now);
}

/* ----------------------------------------------------------------- answers */

/* Whose answer this is; NULL: it is nobody's any more. */
static struct gikev2_tie *take_asking(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_tie *tie = ike->asking;

	ike->asking = NULL;
	if (!tie)
		return NULL;
	if (tie->leaves) {
		/* whatever it says: the server knows */
		cut(ike, tie);
		tie = NULL;
		if (!ike->ties && !ike->gms)
			gikev2_want(ike, GIKEV2_WANT_DELETE, now);
	} else {
		tie->registers = false;
	}
	for (struct gikev2_tie *left = ike->ties; left; left = left->next)
		if (left->leaves)
			gikev2_want(ike, GIKEV2_WANT_LEAVE, now);
		else if (left->registers)
			gikev2_want(ike, GIKEV2_WANT_REGISTER, now);
	return tie;
}

/*
 * GSA_INBAND_REKEY names a group only by our profile: of another server, a
 * second group that is rekeyed so gets an IKE SA of its own.
 */
static bool is_crowded(const struct gikev2_ike *ike,
		       const struct gikev2_tie *own)
{
	const struct gikev2_tie *tie = ike->profile ? NULL : ike->ties;

	while (tie && (tie == own || !tie->inband))
		tie = tie->next;
	return own->inband && tie;
}

int gikev2_registration_read(struct gikev2_ike *ike, struct gikev2_tie *tie,
			     struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *error =
		gikev2_notify_error(rx->payloads);
	struct gikev2_member *member = tie->member;
	struct gikev2_download download;
	int ret;

	/* what comes with an error is not what was asked for */
	if (error)
		return gikev2_err_from_notify(error->type);
	ret = gikev2_policy_read_ike(ike, member, rx, true, &download);
	download.rekeyed = tie->rekeyed;
	tie->inband = ret == 0 && !download.kek.alive;
	if (is_crowded(ike, tie)) {
		gikev2_tie_leave(ike, member, GIKEV2_N_REGISTRATION_FAILED,
				 rx->now);
		gikev2_member_turned_away(
			member, ike, -GIKEV2_ERR_REGISTRATION_FAILED, rx->now);
	} else if (ret == 0) {
		gikev2_member_downloaded(member, &download, rx->now);
	} else if (gikev2_err_to_notify(ret) == GIKEV2_N_NO_PROPOSAL_CHOSEN) {
		gikev2_member_refuse(member, ike, ret, rx->now);
		ret = 0;
	}
	gikev2_download_wipe(&download);
	return ret;
}

int gikev2_registration_answer(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_tie *tie = take_asking(ike, rx->now);

	return tie ? gikev2_registration_read(ike, tie, rx) : 0;
}

/* The group is not for us; unless others use the SA, it has no other use. */
int gikev2_registration_error(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);
	struct gikev2_tie *tie = take_asking(ike, rx->now);
	struct gikev2_member *member = tie ? tie->member : NULL;
	int err = notify ? gikev2_err_from_notify(notify->type)
			 : -GIKEV2_ERR_BAD_PAYLOADS;

	if (!member)
		return 0;
	if (!notify || !is_shared(ike, member))
		return err;
	gikev2_count(ike->engine, err);
	cut(ike, tie);
	gikev2_member_turned_away(member, ike, err, rx->now);
	return 0;
}

/* An empty answer is for those who leave. */
int gikev2_registration_left(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	return take_asking(ike, rx->now) ? -GIKEV2_ERR_BAD_PAYLOADS : 0;
}
