// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel: the keys, and what became of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mrkm/mrkm_sender_internal.h"

static size_t receiver_index(const struct mrkm_sender *sender,
			     const struct receiver *r)
{
	return r - sender->receivers;
}

static struct set *find_set(const struct mrkm_sender *sender, const char *group,
			    uint8_t protocol)
{
	for_each_set(set, sender)
		if (set->protocol == protocol && strcmp(set->group, group) == 0)
			return set;
	return NULL;
}

static void free_set(struct set *set)
{
	keytable_wipe(set->rows, KEYTABLE_ROWS_MAX);
	free(set->interfaces);
	free(set);
}

void mrkm_sender_free_sets(struct mrkm_sender *sender)
{
	struct set *set;

	while ((set = sender->sets)) {
		sender->sets = set->next;
		free_set(set);
	}
}

/* ------------------------------------------------------------------ output */

static int fill_rows(const struct mrkm_sender *sender, const struct set *set,
		     struct mrkm_msg *msg)
{
	int err = 0;

	/* The keys are wrapped together with what is said about them. */
	msg->boot = sender->key.boot;
	msg->row_count = set->count;
	for (size_t i = 0; i < set->count && !err; i++)
		err = mrkm_wrap_row(&sender->key, msg, &set->rows[i],
				    &msg->rows[i]);
	return err;
}

static void send_set(struct mrkm_sender *sender, struct receiver *r,
		     struct set *set, uint64_t now)
{
	struct mrkm_msg msg = { .type = set->known ? MRKM_MSG_KEYS
						   : MRKM_MSG_BIND,
				.protocol = set->protocol };
	size_t n = receiver_index(sender, r);
	int err;

	memset(set->result[n], MRKM_ERR_PENDING, sizeof(set->result[n]));
	set->chain_result[n] = MRKM_ERR_PENDING;
	memcpy(msg.group, set->group, sizeof(msg.group));
	memcpy(msg.key_chain, set->key_chain, sizeof(msg.key_chain));
	err = fill_rows(sender, set, &msg);
	if (err)
		sender->counters[-err]++;
	else
		mrkm_sender_send_numbered(sender, r, &msg, now);
}

static void send_interfaces(struct mrkm_sender *sender, struct receiver *r,
			    const struct set *set, uint64_t now)
{
	struct mrkm_msg msg = { .type = MRKM_MSG_INTERFACES,
				.protocol = set->protocol,
				.interface_count = set->interface_count };

	if (!set->protects)
		return;
	memcpy(msg.group, set->group, sizeof(msg.group));
	memcpy(msg.key_chain, set->key_chain, sizeof(msg.key_chain));
	if (set->interface_count)
		memcpy(msg.interfaces, set->interfaces,
		       set->interface_count * sizeof(*set->interfaces));
	mrkm_sender_send_numbered(sender, r, &msg, now);
}

void mrkm_sender_send_sets(struct mrkm_sender *sender, struct receiver *r,
			   uint64_t now)
{
	for_each_set(set, sender)
		if (mrkm_sender_takes(r, set->protocol)) {
			send_set(sender, r, set, now);
			send_interfaces(sender, r, set, now);
		}
}

static void send_set_to_all(struct mrkm_sender *sender, struct set *set,
			    uint64_t now)
{
	for_each_receiver(r, sender)
		if (mrkm_sender_takes(r, set->protocol))
			send_set(sender, r, set, now);
}

/* ------------------------------------------------------- what there is now */

static bool same_row(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->id == b->id && a->algorithm == b->algorithm &&
	       a->direction == b->direction &&
	       a->accept_start == b->accept_start &&
	       a->accept_end == b->accept_end &&
	       a->send_start == b->send_start && a->send_end == b->send_end &&
	       keytable_ipsec_equal(&a->ipsec, &b->ipsec) &&
	       a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

static bool same_rows(const struct set *set, const struct keytable_row *rows,
		      size_t count)
{
	if (!set->known || set->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_row(&set->rows[i], &rows[i]))
			return false;
	return true;
}

/*
 * The set, made when it is not there; `changed` when it is new or has moved
 * to another key chain.
 */
static int get_set(struct mrkm_sender *sender, const char *group,
		   uint8_t protocol, const char *key_chain, struct set **result,
		   bool *changed)
{
	struct set *set;

	if (!mrkm_name_valid(group) || !mrkm_name_valid(key_chain))
		return -MRKM_ERR_BAD_TEXT;
	if (!keytable_protocol_by_wire(protocol))
		return -MRKM_ERR_PROTOCOL;
	set = find_set(sender, group, protocol);
	if (!set) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return -MRKM_ERR_NO_MEMORY;
		set->protocol = protocol;
		snprintf(set->group, sizeof(set->group), "%s", group);
		set->next = sender->sets;
		sender->sets = set;
	}
	*changed = strcmp(set->key_chain, key_chain) != 0;
	if (*changed)
		snprintf(set->key_chain, sizeof(set->key_chain), "%s",
			 key_chain);
	*result = set;
	return 0;
}

int mrkm_sender_bind(struct mrkm_sender *sender, const char *group,
		     uint8_t protocol, const char *key_chain, uint64_t now)
{
	struct set *set;
	bool changed;
	int err = get_set(sender, group, protocol, key_chain, &set, &changed);

	if (!err && changed)
		send_set_to_all(sender, set, now);
	return err;
}

int mrkm_sender_set(struct mrkm_sender *sender, const char *group,
		    uint8_t protocol, const char *key_chain,
		    const struct keytable_row *rows, size_t count, uint64_t now)
{
	struct set *set;
	bool changed;
	int err;

	if (count > KEYTABLE_ROWS_MAX)
		return -MRKM_ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		if (rows[i].protocol != protocol)
			return -MRKM_ERR_PROTOCOL;
	err = get_set(sender, group, protocol, key_chain, &set, &changed);
	if (err)
		return err;
	if (!same_rows(set, rows, count)) {
		keytable_wipe(set->rows, KEYTABLE_ROWS_MAX);
		if (count)
			memcpy(set->rows, rows, count * sizeof(*rows));
		set->count = count;
		set->known = true;
		changed = true;
	}
	if (changed)
		send_set_to_all(sender, set, now);
	return 0;
}

static bool same_interfaces(const struct set *set,
			    const struct mrkm_msg_interface *interfaces,
			    size_t count)
{
	if (!set->protects || set->interface_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(set->interfaces[i].name, interfaces[i].name) != 0)
			return false;
	return true;
}

int mrkm_sender_protect(struct mrkm_sender *sender, const char *group,
			uint8_t protocol,
			const struct mrkm_msg_interface *interfaces,
			size_t count, uint64_t now)
{
	struct set *set = find_set(sender, group, protocol);
	struct mrkm_msg_interface *copy;

	if (!set)
		return -MRKM_ERR_PROTOCOL;
	if (count > MRKM_INTERFACES_MAX)
		return -MRKM_ERR_LIMIT;
	if (same_interfaces(set, interfaces, count))
		return 0;
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return -MRKM_ERR_NO_MEMORY;
	if (count)
		memcpy(copy, interfaces, count * sizeof(*copy));
	free(set->interfaces);
	set->interfaces = copy;
	set->interface_count = count;
	set->protects = true;
	for_each_receiver(r, sender)
		if (mrkm_sender_takes(r, protocol))
			send_interfaces(sender, r, set, now);
	return 0;
}

void mrkm_sender_unset(struct mrkm_sender *sender, const char *group,
		       uint8_t protocol, uint64_t now)
{
	struct mrkm_msg msg = { .type = MRKM_MSG_WITHDRAW,
				.protocol = protocol };
	struct set *set = find_set(sender, group, protocol);
	struct set **link = &sender->sets;

	if (!set)
		return;
	memcpy(msg.group, set->group, sizeof(msg.group));
	for_each_receiver(r, sender)
		if (mrkm_sender_takes(r, protocol))
			mrkm_sender_send_numbered(sender, r, &msg, now);
	while (*link != set)
		link = &(*link)->next;
	*link = set->next;
	free_set(set);
}

/* ----------------------------------------------------- what became of them */

static struct mrkm_key_status status_of(const struct set *set,
					const struct receiver *r, uint32_t id,
					uint8_t result)
{
	return (struct mrkm_key_status){
		.group = set->group,
		.protocol = set->protocol,
		.key_chain = set->key_chain,
		.id = id,
		.peer = &r->peer,
		.daemon = r->hello.daemon,
		.result = result,
	};
}

static void take_result(struct mrkm_sender *sender, const struct receiver *r,
			const struct set *set, uint32_t id, uint8_t *known,
			uint8_t result)
{
	struct mrkm_key_status status = status_of(set, r, id, result);

	if (*known == result)
		return;
	*known = result;
	if (result != MRKM_ERR_OK)
		sender->counters[result]++;
	sender->callbacks->result(sender->arg, &status);
}

void mrkm_sender_take_results(struct mrkm_sender *sender, struct receiver *r,
			      const struct mrkm_msg *status)
{
	struct set *set = find_set(sender, status->group, status->protocol);
	size_t n = receiver_index(sender, r);

	/* It may be about keys that were forgotten since. */
	if (!set)
		return;
	take_result(sender, r, set, 0, &set->chain_result[n], status->result);
	for (size_t i = 0; i < status->result_count; i++)
		for (size_t k = 0; k < set->count; k++)
			if (set->rows[k].id == status->results[i].id)
				take_result(sender, r, set, set->rows[k].id,
					    &set->result[n][k],
					    status->results[i].result);
}

void mrkm_sender_count_keys(const struct mrkm_sender *sender,
			    const struct receiver *r, uint32_t *installed,
			    uint32_t *refused)
{
	size_t n = receiver_index(sender, r);

	*installed = *refused = 0;
	for_each_set(set, sender) {
		if (!mrkm_sender_takes(r, set->protocol))
			continue;
		for (size_t k = 0; k < set->count; k++) {
			if (set->result[n][k] == MRKM_ERR_OK)
				(*installed)++;
			else if (set->result[n][k] != MRKM_ERR_PENDING)
				(*refused)++;
		}
	}
}

void mrkm_sender_visit_keys(const struct mrkm_sender *sender,
			    void (*visit)(void *arg,
					  const struct mrkm_key_status *status),
			    void *arg)
{
	struct mrkm_key_status status;

	for_each_set(set, sender)
		for (size_t n = 0; n < MRKM_RECEIVERS_MAX; n++) {
			const struct receiver *r = &sender->receivers[n];

			if (!mrkm_sender_takes(r, set->protocol))
				continue;
			status = status_of(set, r, 0, set->chain_result[n]);
			visit(arg, &status);
			for (size_t k = 0; k < set->count; k++) {
				status = status_of(set, r, set->rows[k].id,
						   set->result[n][k]);
				visit(arg, &status);
			}
		}
}
