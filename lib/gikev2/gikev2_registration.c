// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a registered member is sent by the key server, and what it may ask:
 * GSA_INBAND_REKEY and GSA_REGISTRATION (RFC 9838 sections 2.3.2, 2.4.2).
 */
#include <string.h>

#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_multicast.h"
#include "gikev2/gikev2_sender.h"
#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"

static struct gikev2_generations *generations(const struct gikev2_gm *gm)
{
	return gikev2_group_generations(gm->group);
}

/*
 * Is the row for that member?  In a rekey it is told what it listed, and may
 * refuse; at registration it gets nothing that it would have to refuse.
 * NULL: for all members.
 */
static bool is_for(const struct gikev2_abilities *can, bool registration,
		   const struct keytable_row *row)
{
	if (!can)
		return true;
	return (registration ? gikev2_can : gikev2_lists)(can, row);
}

/*
 * In the plain form AH and ESP must not be given together (RFC 9838 section
 * 4.4.2): who comes while the group goes over to the other gets that one.
 */
static bool is_left_behind(const struct gikev2_generations *all,
			   const struct gikev2_abilities *can,
			   const struct keytable_row *row)
{
	const struct gikev2_generation *youngest = &all->gen[all->count - 1];

	for (size_t i = 0; can && can->plain && i < youngest->count; i++)
		if (youngest->row[i].protocol == row->protocol &&
		    gikev2_wire_protocol(&youngest->row[i], true) !=
			    gikev2_wire_protocol(row, true))
			return true;
	return false;
}

/*
 * Rows of the generation `at` that came with a change after `after`, or all of
 * them if they have other delays since then.
 */
static size_t collect(struct gikev2_generations *all, size_t at,
		      const struct gikev2_abilities *can, bool registration,
		      uint64_t after, const struct keytable_row **rows)
{
	struct gikev2_generation *gen = &all->gen[at];
	bool retold = at + 1 == all->count && gen->told > after;
	size_t count = 0;

	for (size_t j = 0; j < gen->count; j++)
		if ((retold || gen->since[j] > after) &&
		    gikev2_generation_alive(all, gen, j) &&
		    is_for(can, registration, &gen->row[j]) &&
		    !(registration && is_left_behind(all, can, &gen->row[j])))
			rows[count++] = &gen->row[j];
	return count;
}

/*
 * All of them, the youngest last.  Before it stands the one
 * to send with until then, which is not the next older one when there are rolls
 * whose time to be sent with has not come.
 */
static size_t collect_all(struct gikev2_generations *all,
			  const struct gikev2_abilities *can, bool registration,
			  const struct keytable_row **rows, uint64_t now)
{
	size_t youngest = all->count - 1, sender = youngest, count = 0;

	while (sender && all->gen[sender].atd_end > now)
		sender--;
	for (size_t i = 0; i < youngest; i++)
		if (i != sender)
			count += collect(all, i, can, registration, 0,
					 rows + count);
	if (sender != youngest)
		count += collect(all, sender, can, registration, 0,
				 rows + count);
	return count +
	       collect(all, youngest, can, registration, 0, rows + count);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint16_t seconds_left(uint64_t until, uint64_t now)
{
	uint64_t seconds = until <= now ? 0
					: (until - now + GIKEV2_SECOND - 1) /
						  GIKEV2_SECOND;

	return seconds > UINT16_MAX ? UINT16_MAX : seconds;
}

/*
 * ATD and DTD of that roll, as far as they have not passed, and DTD of what a
 * sender had before he came again.  `past`: for members that may hold keys that we
 * know nothing of.
 */
static struct gikev2_delays delays_of(const struct gikev2_generations *all,
				      size_t at, bool past, uint64_t now)
{
	const struct gikev2_generation *gen = &all->gen[at];
	uint64_t atd_end = gen->atd_end;
	uint64_t dtd_end =
		max_u64(gikev2_generation_dtd_end(gen), all->replaced_end);
	struct gikev2_delays result;

	if (past && all->unsure_atd > now) {
		atd_end = max_u64(atd_end, all->unsure_atd);
		dtd_end = max_u64(dtd_end, all->unsure_dtd);
	}
	result = (struct gikev2_delays){
		.atd = seconds_left(atd_end, now),
		.dtd = seconds_left(dtd_end, now),
	};
	result.has_atd = result.atd > 0;
	result.has_dtd = result.dtd > 0;
	/* rounding up may not bring them together */
	if (result.has_dtd && result.dtd < result.atd + 2)
		result.dtd = result.atd + 2;
	return result;
}

static int add(struct gikev2_gm *gm, struct gikev2_payloads *payloads,
	       const struct gikev2_content *content, uint64_t now)
{
	struct gikev2_wrapper wrapper;
	int ret = gikev2_wrapper_of_ike(gm->ike, &wrapper);

	if (ret == 0)
		ret = gikev2_policy_add(gm->ike->engine, &wrapper, payloads,
					content, now);
	explicit_bzero(&wrapper, sizeof(wrapper));
	return ret;
}

static bool is_of(const struct gikev2_generation *gen,
		  const struct keytable_row *row)
{
	return row >= gen->row && row < gen->row + gen->count;
}

/*
 * Of the rows that all share, those of the generation `at` alone; all, if there are
 * none.  What one sender has to himself he sends with only after its predecessor,
 * which is not in the list.  Says whether there were others.
 */
static bool hold_back(struct gikev2_content *content,
		      const struct gikev2_generation *gen)
{
	size_t count = 0, shared = 0, others = 0;

	for (size_t i = 0; i < content->count; i++)
		if (!content->rows[i]->ipsec.sender) {
			shared += is_of(gen, content->rows[i]);
			others += !is_of(gen, content->rows[i]);
		}
	if (!shared || !others)
		return false;
	for (size_t i = 0; i < content->count; i++)
		if (content->rows[i]->ipsec.sender ||
		    is_of(gen, content->rows[i]))
			content->rows[count++] = content->rows[i];
	content->count = count;
	return true;
}

/*
 * What a registration is answered with: all that is alive.
 *
 * But a server that knows no past expects members with keys of before, which they
 * send with until all have come.  A message has one pair of delays, and who gets two
 * keys that all share sends with the older one at once.  If the server rolled already,
 * such a one is given one generation of them, and told of what follows like those who
 * came before the roll.  Who can do nothing with it gets what there is.  The youngest
 * one given.
 */
static size_t collect_answer(const struct gikev2_gm *gm,
			     struct gikev2_content *content, uint64_t now)
{
	struct gikev2_generations *all = generations(gm);
	size_t at = all->count - 1, base = gikev2_generations_base(all);

	content->count = collect_all(all, &gm->can, true, content->rows, now);
	if (gm->past && all->unsure_atd > now &&
	    hold_back(content, &all->gen[base]))
		at = base;
	content->delays = delays_of(all, at, gm->past, now);
	return at;
}

/* Answers a registration. */
int gikev2_registration_add(struct gikev2_gm *gm,
			    struct gikev2_payloads *answer, uint64_t now)
{
	struct gikev2_content content = { .plain = gm->can.plain,
					  .registration = true };
	size_t given = collect_answer(gm, &content, now);
	struct gikev2_kek *kek = gikev2_group_kek(gm->group);
	struct gikev2_sender_ids ids;
	int ret = 0;

	if (kek->alive) {
		content.kek = kek;
		content.lkh = gikev2_group_lkh(gm->group);
		content.leaf = gm->leaf;
	}
	/* nobody sends yet where each sender has his own SA */
	if (!content.count && !content.kek)
		return -GIKEV2_ERR_REGISTRATION_FAILED;
	if (gm->senders && gikev2_rows_counter(content.rows, content.count)) {
		ret = gikev2_sender_ids_draw(gm->group, gm->senders, &ids);
		content.sender_ids = &ids;
	}
	gm->acked = gm->sent = gikev2_wait_at_registration(gm, given);
	return ret < 0 ? ret : add(gm, answer, &content, now);
}

/* ------------------------------------------------------------ inband rekey */

/* One SPI, which is borrowed. */
static void add_delete_spi(struct gikev2_payloads *tx, uint8_t protocol,
			   struct gikev2_chunk spi)
{
	struct gikev2_payload *payload =
		gikev2_payload_add(tx, GIKEV2_PLD_DELETE);

	payload->delete.protocol = protocol;
	payload->delete.spi_size = spi.len;
	payload->delete.count = 1;
	payload->delete.spis = spi;
}

static int add_delete(struct gikev2 *engine, const struct keytable_row *row,
		      bool plain, struct gikev2_payloads *tx)
{
	size_t size = keytable_protocol_by_wire(row->protocol)->spi_size;
	uint8_t *spi = gikev2_arena_alloc(&engine->arena, size);

	if (!spi)
		return -GIKEV2_ERR_NO_MEMORY;
	gikev2_put_int(spi, row->id, size);
	add_delete_spi(tx, gikev2_wire_protocol(row, plain),
		       (struct gikev2_chunk){ spi, size });
	return 0;
}

/* D for what is replaced: members by our profile need none, others do. */
static int add_deletes(struct gikev2 *engine, struct gikev2_generations *all,
		       const struct gikev2_abilities *can, bool plain,
		       uint64_t up_to, struct gikev2_payloads *tx)
{
	int ret = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct gikev2_generation *gen = &all->gen[i];

		for (size_t j = 0; j < gen->count; j++)
			if (ret == 0 && gen->since[j] <= up_to &&
			    !gikev2_generation_current(all, gen, j) &&
			    is_for(can, false, &gen->row[j]))
				ret = add_delete(engine, &gen->row[j], plain,
						 tx);
	}
	return ret;
}

/* D(x, 0) is about the keys of every protocol, D(6, 0) about the members. */
static void add_delete_all(const struct gikev2_group *group, bool plain,
			   struct gikev2_payloads *tx)
{
	static const uint8_t zero[GIKEV2_KEK_SPI_LEN];
	struct keytable_row row;
	size_t size;

	gikev2_policy_sample(gikev2_group_config(group)->protocols, 0, &row);
	size = keytable_protocol_by_wire(row.protocol)->spi_size;
	add_delete_spi(tx, gikev2_wire_protocol(&row, plain),
		       (struct gikev2_chunk){ zero, size });
	add_delete_spi(tx, GIKEV2_PROTO_GIKE_UPDATE,
		       (struct gikev2_chunk){ zero, sizeof(zero) });
}

/* RFC 9838 names no group there; by our profile the first payload does. */
static struct gikev2_payloads *begin_rekey(const struct gikev2_gm *gm)
{
	struct gikev2_payloads *tx = gikev2_tx(gm->ike->engine);

	if (gm->ike->profile)
		gikev2_add_idg(tx, &gikev2_group_config(gm->group)->id);
	return tx;
}

static int request_rekey(struct gikev2_gm *gm, struct gikev2_payloads *tx,
			 uint64_t now)
{
	gm->ike->told = gm;
	return gikev2_request(gm->ike, GIKEV2_GSA_INBAND_REKEY, tx, now);
}

/* It has to go, and to register anew. */
static int send_clear(struct gikev2_gm *gm, uint64_t now)
{
	struct gikev2_payloads *tx = begin_rekey(gm);

	add_delete_all(gm->group, gm->can.plain, tx);
	return request_rekey(gm, tx, now);
}

/*
 * Who lacks more than the youngest generation, or may have heard of it by
 * multicast before those that it follows, is told of all that there are, in
 * order: an older one alone would be taken for the next.  Who does not know our
 * profile is told of one at a time.
 */
static bool needs_all(struct gikev2_gm *gm, size_t at)
{
	size_t youngest = generations(gm)->count - 1;

	return gm->profile &&
	       (at < youngest || (at == youngest && youngest &&
				  gikev2_group_kek(gm->group)->alive));
}

/*
 * What the member has not acknowledged yet, of one generation: each has delays of
 * its own, and a message has one pair.  The rest follows.
 */
static void next_news(struct gikev2_gm *gm, struct gikev2_content *content,
		      uint64_t now)
{
	struct gikev2_generations *all = generations(gm);
	size_t at = 0;

	while (at < all->count) {
		content->count = collect(all, at, &gm->can, false, gm->acked,
					 content->rows);
		if (content->count)
			break;
		at++;
	}
	if (needs_all(gm, at)) {
		at = all->count - 1;
		content->count =
			collect_all(all, &gm->can, false, content->rows, now);
	}
	if (at < all->count)
		content->delays = delays_of(all, at, gm->past, now);
	gm->sent = at + 1 < all->count ? all->gen[at + 1].change - 1
				       : all->changes;
}

static int send_rekey(struct gikev2_gm *gm, uint64_t now)
{
	struct gikev2_ike *ike = gm->ike;
	struct gikev2_payloads *tx = begin_rekey(gm);
	struct gikev2_content content = { .plain = gm->can.plain };
	int ret;

	next_news(gm, &content, now);
	if (!content.count) {
		gm->acked = gm->sent;
		gikev2_wait_changed(gm->group, now);
		return 0;
	}
	ret = add(gm, tx, &content, now);
	if (ret == 0)
		ret = add_deletes(ike->engine, generations(gm), &gm->can,
				  gm->can.plain, gm->acked, tx);
	if (ret == 0)
		ret = request_rekey(gm, tx, now);
	if (ret == 0)
		ike->engine->totals.rekeys_sent++;
	return ret;
}

/* To one group of the SA; the others follow. */
int gikev2_send_rekey(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_gm *gm;
	int ret = 0;

	ike->told = NULL;
	/* some have nothing to hear after all */
	while (ret == 0 && !ike->told && (gm = gikev2_gm_to_tell(ike)))
		ret = gm->cleared ? send_clear(gm, now) : send_rekey(gm, now);
	return ret;
}

static void acknowledged(struct gikev2_gm *gm, uint64_t now)
{
	const struct gikev2_generation *gen = gikev2_youngest(generations(gm));
	/* other delays of keys that it has are no news */
	bool news = gm->acked + 1 < gm->sent || gm->sent != gen->told ||
		    gen->told == gen->change;

	gm->acked = gm->sent;
	if (gm->late)
		gikev2_wait_again(gm);
	/* should we restart, it is not to be told again what it has forgotten */
	gikev2_gm_changed(gm);
	if (news)
		gikev2_gm_event(gm, GIKEV2_EVENT_MEMBER_ACKNOWLEDGED, 0, now);
	gikev2_wait_changed(gm->group, now);
}

int gikev2_rekey_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *error =
		gikev2_notify_error(rx->payloads);
	struct gikev2_gm *gm = ike->told;

	ike->told = NULL;
	/* it has nothing of what was sent, and has forgotten the SA */
	if (error)
		return gikev2_err_from_notify(error->type);
	/* without one, it left meanwhile, or we were restarted */
	if (gm && gm->cleared)
		gikev2_gm_end(gm, -GIKEV2_ERR_ADMIN, rx->now);
	else if (gm)
		acknowledged(gm, rx->now);
	if (gikev2_gm_to_tell(ike))
		gikev2_want(ike, GIKEV2_WANT_REKEY, rx->now);
	return 0;
}
/* --------------------------------------------------------------- GSA_REKEY */

/* GSA and KD: the Rekey SA alone, or the youngest keys. */
static int add_news(struct gikev2_group *group, const struct gikev2_news *news,
		    struct gikev2_payloads *tx, uint64_t now)
{
	struct gikev2_generations *all = gikev2_group_generations(group);
	struct gikev2_kek *kek = gikev2_group_kek(group);
	struct gikev2 *engine = gikev2_group_engine(group);
	bool plain = gikev2_group_config(group)->plain;
	struct gikev2_content content = { .plain = plain,
					  .kek = news->next,
					  .leaf = news->excluded };
	struct gikev2_wrapper wrapper = { .kwa = kek->kwa };
	uint64_t before = gikev2_youngest(all)->change - 1;
	int ret;

	memcpy(wrapper.kwk, kek->gsk_w, sizeof(wrapper.kwk));
	if (news->next) {
		if (news->excluded != GIKEV2_LKH_NO_LEAF)
			content.lkh = gikev2_group_lkh(group);
		content.auth_key =
			news->next->auth_key &&
			!gikev2_key_equal(news->next->auth_key, kek->auth_key);
		/* the old one is good until DTD */
		content.delays = (struct gikev2_delays){
			.has_dtd = true,
			.dtd = gikev2_group_config(group)->dtd,
		};
	} else {
		content.delays = delays_of(all, all->count - 1,
					   gikev2_group_unsure(group, now),
					   now);
		content.count = collect(all, all->count - 1, NULL, false,
					before, content.rows);
	}
	ret = gikev2_policy_add(engine, &wrapper, tx, &content, now);
	explicit_bzero(&wrapper, sizeof(wrapper));
	if (ret == 0 && !news->next)
		ret = add_deletes(engine, all, NULL, plain, before, tx);
	return ret;
}

int gikev2_registration_push(struct gikev2_group *group,
			     const struct gikev2_news *news,
			     struct gikev2_octets *flight, uint64_t now)
{
	struct gikev2 *engine = gikev2_group_engine(group);
	struct gikev2_kek *kek = gikev2_group_kek(group);
	struct gikev2_payloads *tx;
	int ret = 0;

	engine->arena.used = 0;
	tx = gikev2_tx(engine);
	if (news->delete_all)
		add_delete_all(group, gikev2_group_config(group)->plain, tx);
	else if (news->delete_kek)
		add_delete_spi(tx, GIKEV2_PROTO_GIKE_UPDATE,
			       (struct gikev2_chunk){ kek->spi,
						      sizeof(kek->spi) });
	else
		ret = add_news(group, news, tx, now);
	if (ret < 0)
		return ret;
	return gikev2_push_seal(engine, kek, tx,
				!gikev2_group_multicast(group)->whole_only,
				flight);
}

/* --------------------------------------------------------- GSA_REGISTRATION */

/*
 * The peer's registration.  It may be without an SA, or with the one that took
 * the place of this one; but not a newer one, which a last word that lay about
 * for long says nothing of.  Nor one of who has that name in this group, and
 * proved it by something else.
 */
static struct gikev2_gm *gm_of_peer(struct gikev2_ike *ike,
				    struct gikev2_group *group)
{
	struct gikev2_gm *gm = gikev2_gm_of(ike, group);

	if (!gm)
		gm = gikev2_gm_find(group, ike->peer, NULL);
	if (gm && gm->ike != ike &&
	    !gikev2_equal(gm->proof, ike->peer_proof, sizeof(gm->proof)))
		return NULL;
	if (!gm || !gm->ike || gm->ike == ike)
		return gm;
	return gm->registered <= ike->bequeathed ? gm : NULL;
}

/* {IDg, N(error)}: the member leaves, or cannot follow the policy. */
static int unregister(struct gikev2_ike *ike, struct gikev2_rx *rx,
		      struct gikev2_group *group, uint16_t why)
{
	struct gikev2_gm *gm = group ? gm_of_peer(ike, group) : NULL;
	int err = why == GIKEV2_N_REGISTRATION_FAILED
			  ? -GIKEV2_ERR_LEFT
			  : gikev2_err_from_notify(why);

	if (gm)
		gikev2_group_left(gm, err, rx->now);
	return gikev2_respond_notify(ike, rx, 0, NULL, 0);
}

/*
 * To others than those by our profile GSA_INBAND_REKEY names no group: one
 * without a Rekey SA is meant, which can be one only, or else the only group
 * over the SA.
 */
static bool is_crowded(const struct gikev2_ike *ike, struct gikev2_group *group)
{
	bool inband = gikev2_group_inband(group);
	bool alone = inband && gikev2_group_kek(group)->alive;

	for (struct gikev2_gm *gm = ike->profile ? NULL : ike->gms; gm;
	     gm = gm->ike_next) {
		bool other = gikev2_group_inband(gm->group);

		if (gm->group != group &&
		    (alone ||
		     (other && (inband || gikev2_group_kek(gm->group)->alive))))
			return true;
	}
	return false;
}

/* Other errors in a request are ignored (RFC 7296 section 3.10.1). */
static uint16_t leaves_with(const struct gikev2_payloads *payloads)
{
	if (gikev2_notify_find(payloads, GIKEV2_N_NO_PROPOSAL_CHOSEN))
		return GIKEV2_N_NO_PROPOSAL_CHOSEN;
	if (gikev2_notify_find(payloads, GIKEV2_N_REGISTRATION_FAILED))
		return GIKEV2_N_REGISTRATION_FAILED;
	return 0;
}

int gikev2_registration_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_group *group = gikev2_group_find(
		engine, &gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDG)->id);
	uint16_t leaves = leaves_with(rx->payloads);
	struct gikev2_payloads *tx;
	int err = -GIKEV2_ERR_INVALID_GROUP;

	if (leaves)
		return unregister(ike, rx, group, leaves);
	tx = gikev2_tx(engine);
	if (group && is_crowded(ike, group))
		err = -GIKEV2_ERR_REGISTRATION_FAILED;
	else if (group)
		err = gikev2_group_join(group, ike, rx, tx);
	if (err < 0) {
		gikev2_count(engine, err);
		gikev2_event(engine, GIKEV2_EVENT_MEMBER_REFUSED, err,
			     group ? gikev2_group_cookie(group) : NULL, ike,
			     rx->now);
		return gikev2_respond_notify(ike, rx, gikev2_err_to_notify(err),
					     NULL, 0);
	}
	return gikev2_respond(ike, rx, tx);
}
