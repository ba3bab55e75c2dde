// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which keys a key chain holds at an instant, and which of them sends and
 * accepts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_chain.h"

#define for_each_binding(b, chains)                                            \
	for (struct mrkm_binding **place_ = (chains)->bindings, *b;            \
	     place_ < (chains)->bindings + MRKM_BINDINGS_MAX; place_++)        \
		if ((b = *place_))
#define for_each_slot(slot, binding)                                           \
	for (struct mrkm_slot *slot = (binding)->slots;                        \
	     slot < (binding)->slots + MRKM_SLOTS_MAX; slot++)                 \
		if (slot->state != MRKM_SLOT_FREE)

#define last_resort(binding) (&(binding)->slots[0])

/* ------------------------------------------------------------------- slots */

static struct mrkm_slot *find_slot(struct mrkm_binding *b, uint32_t id)
{
	for_each_slot(slot, b)
		if (slot->row.id == id)
			return slot;
	return NULL;
}

static struct mrkm_slot *free_slot(struct mrkm_binding *b)
{
	for (size_t i = 1; i < MRKM_SLOTS_MAX; i++)
		if (b->slots[i].state == MRKM_SLOT_FREE)
			return &b->slots[i];
	return NULL;
}

static void retire(struct mrkm_slot *slot, uint64_t now)
{
	if (slot->state != MRKM_SLOT_LIVE)
		return;
	slot->state = MRKM_SLOT_RETIRED;
	slot->free_at = now + MRKM_CHAIN_GRACE;
}

/* Where the daemon goes on sending, the last resort is to stay. */
static bool needs_last_resort(const struct mrkm_binding *b)
{
	return !b->withdrawn || (b->named && b->obstacle != MRKM_ERR_CONFLICT);
}

static void retire_all(struct mrkm_binding *b, uint64_t now)
{
	for_each_slot(slot, b)
		if (slot != last_resort(b) || !needs_last_resort(b))
			retire(slot, now);
}

static bool is_over(const struct keytable_row *row, uint64_t now)
{
	return row->accept_end <= now && row->send_end <= now;
}

/* --------------------------------------- our keys and those of the operator */

struct listing {
	bool complete; /* else there are more keys than ours could be */
	size_t count;
	struct mrkm_chain_key keys[MRKM_SLOTS_MAX];
};

static void list_keys(const struct mrkm_chains *chains,
		      const struct mrkm_binding *b, struct listing *listing)
{
	listing->count = chains->ops->list(chains->arg, b->key_chain,
					   listing->keys, MRKM_SLOTS_MAX);
	listing->complete = listing->count <= MRKM_SLOTS_MAX;
	if (!listing->complete)
		listing->count = MRKM_SLOTS_MAX;
}

/*
 * By content: the operator may have put a key of his own under an ID of ours,
 * even into the same memory.
 */
static bool is_ours(const struct mrkm_slot *slot,
		    const struct mrkm_chain_key *key)
{
	return slot && slot->state != MRKM_SLOT_FREE && key->string &&
	       key->algorithm == slot->row.algorithm &&
	       strlen(key->string) == slot->row.key_len &&
	       memcmp(key->string, slot->row.key, slot->row.key_len) == 0;
}

/* An ID that the operator has only begun to configure is his already. */
static bool holds_foreign(struct mrkm_binding *b, const struct listing *listing)
{
	if (!listing->complete)
		return true;
	for (size_t i = 0; i < listing->count; i++) {
		const struct mrkm_chain_key *key = &listing->keys[i];

		if (key->configured || !is_ours(find_slot(b, key->id), key))
			return true;
	}
	return false;
}

/* Our key of that slot in the key chain; NULL when it is not there. */
static struct mrkm_chain_key *in_chain(struct listing *listing,
				       const struct mrkm_slot *slot)
{
	for (size_t i = 0; i < listing->count; i++)
		if (listing->keys[i].id == slot->row.id)
			return is_ours(slot, &listing->keys[i])
				       ? &listing->keys[i]
				       : NULL;
	return NULL;
}

static void take_out(const struct mrkm_chains *chains, struct mrkm_binding *b,
		     struct listing *listing, const struct mrkm_slot *slot)
{
	struct mrkm_chain_key *key = in_chain(listing, slot);

	if (!key)
		return;
	chains->ops->remove(chains->arg, b->key_chain, slot->row.id);
	*key = listing->keys[--listing->count];
}

/* ------------------------------------------------------------------ running */

/*
 * The one key that sends: with windows that overlap, the youngest (RFC 7210
 * section 3).
 */
static const struct mrkm_slot *choose_sender(struct mrkm_binding *b,
					     uint64_t now)
{
	const struct mrkm_slot *best = NULL;

	for_each_slot(slot, b) {
		if (slot == last_resort(b) || slot->state != MRKM_SLOT_LIVE ||
		    !keytable_row_can_send(&slot->row, now))
			continue;
		if (!best || slot->row.send_start > best->row.send_start ||
		    (slot->row.send_start == best->row.send_start &&
		     slot->order > best->order))
			best = slot;
	}
	return best;
}

static void decide(struct mrkm_binding *b, uint64_t now)
{
	const struct mrkm_slot *sender = choose_sender(b, now);
	struct mrkm_slot *last = last_resort(b);
	bool accepts = false;

	for_each_slot(slot, b) {
		slot->sends = slot == sender;
		slot->accepts = slot != last && slot->state == MRKM_SLOT_LIVE &&
				keytable_row_can_accept(&slot->row, now);
		accepts |= slot->accepts;
	}
	if (last->state == MRKM_SLOT_LIVE) {
		last->sends = !sender;
		last->accepts = !accepts;
	}
}

static void close_all(struct mrkm_binding *b)
{
	for_each_slot(slot, b)
		slot->sends = slot->accepts = false;
}

/* Brings the key chain to what the slots say. */
static void apply(const struct mrkm_chains *chains, struct mrkm_binding *b,
		  struct listing *listing)
{
	const struct mrkm_chain_ops *ops = chains->ops;

	for_each_slot(slot, b) {
		const struct keytable_row *row = &slot->row;
		bool there = in_chain(listing, slot);

		if (!there && slot->state == MRKM_SLOT_LIVE && !b->obstacle) {
			ops->put(chains->arg, b->key_chain, row->id,
				 row->algorithm, row->key, row->key_len);
			there = true;
		}
		if (there)
			ops->open(chains->arg, b->key_chain, row->id,
				  slot->sends, slot->accepts);
	}
}

static void expire(const struct mrkm_chains *chains, struct mrkm_binding *b,
		   struct listing *listing, uint64_t now)
{
	for_each_slot(slot, b) {
		if (is_over(&slot->row, now))
			retire(slot, now);
		if (slot->state != MRKM_SLOT_RETIRED || slot->free_at > now)
			continue;
		take_out(chains, b, listing, slot);
		explicit_bzero(slot, sizeof(*slot));
	}
}

/*
 * A key chain has one owner.  When the operator puts a key into ours, his
 * would be used along with ours in an order nobody intended: ours are closed
 * at once, taken out after the grace, and come back when his are gone.  The
 * same is done where the daemon would show our keys to everybody.
 */
static void settle_obstacle(const struct mrkm_chains *chains,
			    struct mrkm_binding *b, struct listing *listing,
			    uint64_t now)
{
	enum mrkm_err obstacle = holds_foreign(b, listing) ? MRKM_ERR_CONFLICT
				 : b->exposed		   ? MRKM_ERR_EXPOSED
							   : MRKM_ERR_OK;
	bool changed = obstacle != b->obstacle;

	b->obstacle = obstacle;
	if (changed)
		b->clear_at = now + MRKM_CHAIN_GRACE;
	if (obstacle && b->clear_at <= now)
		for_each_slot(slot, b)
			take_out(chains, b, listing, slot);
	if (changed && !b->withdrawn)
		chains->ops->obstacle(chains->arg, b);
}

static void run_binding(const struct mrkm_chains *chains,
			struct mrkm_binding *b, uint64_t now)
{
	struct listing listing;
	uint32_t sender = 0;

	list_keys(chains, b, &listing);
	settle_obstacle(chains, b, &listing, now);
	expire(chains, b, &listing, now);
	if (b->obstacle)
		close_all(b);
	else
		decide(b, now);
	apply(chains, b, &listing);
	for_each_slot(slot, b)
		if (slot->sends && slot != last_resort(b))
			sender = slot->row.id;
	if (sender == b->sender)
		return;
	b->sender = sender;
	if (!b->obstacle && !b->withdrawn)
		chains->ops->sender(chains->arg, b);
}

static void earliest(uint64_t *deadline, uint64_t instant, uint64_t now)
{
	if (instant > now && instant < *deadline)
		*deadline = instant;
}

static uint64_t binding_deadline(struct mrkm_binding *b, uint64_t now)
{
	uint64_t deadline = now + MRKM_CHAIN_POLL;

	for_each_slot(slot, b) {
		if (slot->state == MRKM_SLOT_RETIRED) {
			earliest(&deadline, slot->free_at, now);
			continue;
		}
		earliest(&deadline, slot->row.send_start, now);
		earliest(&deadline, slot->row.send_end, now);
		earliest(&deadline, slot->row.accept_start, now);
		earliest(&deadline, slot->row.accept_end, now);
	}
	return deadline;
}

static bool is_empty(struct mrkm_binding *b)
{
	for_each_slot(slot, b)
		return false;
	return true;
}

uint64_t mrkm_chains_run(struct mrkm_chains *chains, uint64_t now)
{
	uint64_t deadline = KEYTABLE_NEVER;

	for_each_binding(b, chains) {
		run_binding(chains, b, now);
		if (b->withdrawn && is_empty(b)) {
			*place_ = NULL;
			free(b);
			continue;
		}
		earliest(&deadline, binding_deadline(b, now), now);
	}
	return deadline;
}

void mrkm_chains_fini(struct mrkm_chains *chains)
{
	struct listing listing;

	for_each_binding(b, chains) {
		list_keys(chains, b, &listing);
		for_each_slot(slot, b)
			take_out(chains, b, &listing, slot);
		explicit_bzero(b, sizeof(*b));
		free(b);
		*place_ = NULL;
	}
}

/* ----------------------------------------------------------------- bindings */

static const struct mrkm_capability *
find_capability(const struct mrkm_chains *chains, uint8_t protocol)
{
	for (size_t i = 0; i < chains->capability_count; i++)
		if (chains->capabilities[i].protocol == protocol)
			return &chains->capabilities[i];
	return NULL;
}

static bool is_of(const struct mrkm_binding *b, const struct mrkm_order *order)
{
	return !b->withdrawn && b->protocol == order->protocol &&
	       strcmp(b->group, order->group) == 0;
}

static void withdraw(const struct mrkm_chains *chains, struct mrkm_binding *b,
		     uint64_t now)
{
	b->withdrawn = true;
	retire_all(b, now);
	run_binding(chains, b, now);
}

/* 64 characters: 6 bits of randomness each, and never a NUL. */
static int make_last_resort(const struct mrkm_chains *chains,
			    struct mrkm_slot *slot)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct keytable_row *row = &slot->row;

	if (slot->state == MRKM_SLOT_FREE) {
		if (chains->ops->random(chains->arg, row->key,
					MRKM_LAST_RESORT_LEN))
			return -MRKM_ERR_CRYPTO;
		for (size_t i = 0; i < MRKM_LAST_RESORT_LEN; i++)
			row->key[i] = alphabet[row->key[i] % 64];
		row->key_len = MRKM_LAST_RESORT_LEN;
		row->id = MRKM_LAST_RESORT_ID;
		row->algorithm = KEYTABLE_HMAC_SHA_256;
		row->direction = KEYTABLE_BOTH;
		row->accept_end = row->send_end = KEYTABLE_NEVER;
	}
	slot->state = MRKM_SLOT_LIVE;
	return 0;
}

/* The binding that has the key chain, also one on its way out. */
static struct mrkm_binding *owner_of(struct mrkm_chains *chains,
				     const char *key_chain)
{
	for_each_binding(b, chains)
		if (strcmp(b->key_chain, key_chain) == 0)
			return b;
	return NULL;
}

static int new_binding(struct mrkm_chains *chains, const char *key_chain,
		       struct mrkm_binding **result)
{
	struct mrkm_binding **place = chains->bindings, *b;

	while (place < chains->bindings + MRKM_BINDINGS_MAX && *place)
		place++;
	if (place == chains->bindings + MRKM_BINDINGS_MAX)
		return -MRKM_ERR_LIMIT;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -MRKM_ERR_NO_MEMORY;
	if (make_last_resort(chains, last_resort(b))) {
		free(b);
		return -MRKM_ERR_CRYPTO;
	}
	snprintf(b->key_chain, sizeof(b->key_chain), "%s", key_chain);
	b->withdrawn = true;
	*result = *place = b;
	return 0;
}

/*
 * The place for an order: the binding that has the key chain already, or was
 * just withdrawn from it, else a new one.
 */
static int place_order(struct mrkm_chains *chains,
		       const struct mrkm_order *order,
		       struct mrkm_binding **result)
{
	struct mrkm_binding *b = owner_of(chains, order->key_chain);

	if (!find_capability(chains, order->protocol))
		return -MRKM_ERR_PROTOCOL;
	*result = b;
	if (!b)
		return new_binding(chains, order->key_chain, result);
	return b->withdrawn || is_of(b, order) ? 0 : -MRKM_ERR_CHAIN_BUSY;
}

/* Makes `order` the owner of its key chain, and of no other. */
static int take_order(struct mrkm_chains *chains,
		      const struct mrkm_order *order,
		      struct mrkm_binding **result, uint64_t now)
{
	struct mrkm_binding *mine;
	int err;

	for_each_binding(b, chains)
		if (is_of(b, order) &&
		    strcmp(b->key_chain, order->key_chain) != 0)
			withdraw(chains, b, now);
	err = place_order(chains, order, &mine);
	if (!err)
		err = make_last_resort(chains, last_resort(mine));
	if (err)
		return err;
	snprintf(mine->group, sizeof(mine->group), "%s", order->group);
	mine->protocol = order->protocol;
	mine->boot = order->boot;
	mine->session = order->session;
	mine->withdrawn = false;
	*result = mine;
	return 0;
}

static enum mrkm_err judge_row(const struct mrkm_chains *chains,
			       const struct keytable_row *rows, size_t i,
			       uint64_t now)
{
	const struct mrkm_capability *capability =
		find_capability(chains, rows[i].protocol);

	if (!capability)
		return MRKM_ERR_PROTOCOL;
	if (rows[i].algorithm > KEYTABLE_AUTH_ALGO_MAX ||
	    !(capability->algorithms & KEYTABLE_ALGO_BIT(rows[i].algorithm)))
		return MRKM_ERR_ALGORITHM;
	if (!keytable_row_valid(&rows[i]))
		return MRKM_ERR_BAD_KEY;
	for (size_t k = 0; k < i; k++)
		if (rows[k].id == rows[i].id)
			return MRKM_ERR_BAD_VALUE;
	return is_over(&rows[i], now) ? MRKM_ERR_EXPIRED : MRKM_ERR_OK;
}

/* A key that takes the ID of another of ours takes its place at once. */
static enum mrkm_err take_row(const struct mrkm_chains *chains,
			      struct mrkm_binding *b,
			      const struct keytable_row *row, size_t order)
{
	struct mrkm_slot *slot = find_slot(b, row->id);
	struct listing listing;
	bool there;

	if (!slot)
		slot = free_slot(b);
	if (!slot)
		return MRKM_ERR_LIMIT;
	list_keys(chains, b, &listing);
	there = in_chain(&listing, slot);
	slot->state = MRKM_SLOT_LIVE;
	slot->order = order;
	slot->row = *row;
	if (there && !in_chain(&listing, slot))
		chains->ops->put(chains->arg, b->key_chain, row->id,
				 row->algorithm, row->key, row->key_len);
	return MRKM_ERR_OK;
}

int mrkm_chains_bind(struct mrkm_chains *chains, const struct mrkm_order *order,
		     uint64_t now)
{
	struct mrkm_binding *b;
	int err = take_order(chains, order, &b, now);

	if (err)
		return err;
	run_binding(chains, b, now);
	return -(int)b->obstacle;
}

int mrkm_chains_keys(struct mrkm_chains *chains, const struct mrkm_order *order,
		     const struct keytable_row *rows, size_t count,
		     enum mrkm_err *results, uint64_t now)
{
	struct mrkm_binding *b;
	int err = take_order(chains, order, &b, now);

	if (err)
		return err;
	/* Whoever has changed the key chain, it was not this order. */
	run_binding(chains, b, now);
	for_each_slot(slot, b)
		if (slot != last_resort(b))
			retire(slot, now);
	for (size_t i = 0; i < count; i++) {
		results[i] = judge_row(chains, rows, i, now);
		if (results[i] == MRKM_ERR_OK)
			results[i] = take_row(chains, b, &rows[i], i);
		if (results[i] == MRKM_ERR_OK)
			results[i] = b->obstacle;
	}
	run_binding(chains, b, now);
	return -(int)b->obstacle;
}

int mrkm_chains_withdraw(struct mrkm_chains *chains,
			 const struct mrkm_order *order, uint64_t now)
{
	for_each_binding(b, chains)
		if (is_of(b, order))
			withdraw(chains, b, now);
	return 0;
}

void mrkm_chains_synced(struct mrkm_chains *chains, uint64_t boot,
			uint32_t session, uint64_t now)
{
	for_each_binding(b, chains)
		if (!b->withdrawn && b->boot == boot && b->session != session)
			withdraw(chains, b, now);
}

static const struct mrkm_usage *find_usage(const struct mrkm_usage *usages,
					   size_t count, const char *key_chain)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(usages[i].key_chain, key_chain) == 0)
			return &usages[i];
	return NULL;
}

void mrkm_chains_named(struct mrkm_chains *chains,
		       const struct mrkm_usage *usages, size_t count,
		       uint64_t now)
{
	struct mrkm_chain_key any;
	struct mrkm_binding *b;

	/* What does not fit is tried again the next time. */
	for (size_t i = 0; i < count; i++)
		if (!owner_of(chains, usages[i].key_chain) &&
		    !chains->ops->list(chains->arg, usages[i].key_chain, &any,
				       1))
			new_binding(chains, usages[i].key_chain, &b);

	for_each_binding(each, chains) {
		const struct mrkm_usage *usage =
			find_usage(usages, count, each->key_chain);

		each->named = usage;
		each->exposed = usage && usage->exposed;
		if (!needs_last_resort(each))
			retire(last_resort(each), now);
		else
			make_last_resort(chains, last_resort(each));
	}
}
