// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which interfaces are protected, by which key chain, with which rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_protect.h"

#define for_each_order(order, list)                                            \
	for (struct mrkm_protect_order *order = (list); order;                 \
	     order = order->next)
#define for_each_interface(interface, list)                                    \
	for (struct mrkm_protect_interface *interface = (list); interface;     \
	     interface = interface->next)
#define for_each_told(item, list)                                              \
	for (struct mrkm_protect_told *item = (list); item; item = item->next)

static void free_order(struct mrkm_protect_order *order)
{
	explicit_bzero(order, sizeof(*order));
	free(order);
}

void mrkm_protect_fini(struct mrkm_protect *protect)
{
	struct mrkm_protect_order *order;
	struct mrkm_protect_interface *interface;
	struct mrkm_protect_told *told;

	while ((order = protect->orders)) {
		protect->orders = order->next;
		free_order(order);
	}
	while ((interface = protect->interfaces)) {
		protect->interfaces = interface->next;
		free(interface);
	}
	while ((told = protect->told)) {
		protect->told = told->next;
		free(told);
	}
}

/* ------------------------------------------------------------------ interfaces */

/* The place of the first interface that is not before `name`. */
static struct mrkm_protect_interface **place_of(struct mrkm_protect *protect,
						const char *name, bool *found)
{
	struct mrkm_protect_interface **place = &protect->interfaces;

	while (*place && strcmp((*place)->name, name) < 0)
		place = &(*place)->next;
	*found = *place && strcmp((*place)->name, name) == 0;
	return place;
}

static size_t count_interfaces(const struct mrkm_protect *protect,
			       const char *key_chain)
{
	size_t count = 0;

	for_each_interface(interface, protect->interfaces)
		count += strcmp(interface->key_chain, key_chain) == 0;
	return count;
}

static void drop_interface(struct mrkm_protect_interface **place)
{
	struct mrkm_protect_interface *interface = *place;

	*place = interface->next;
	free(interface);
}

int mrkm_protect_set(struct mrkm_protect *protect, const char *name,
		     const char *key_chain)
{
	struct mrkm_protect_interface **place, *interface;
	bool found;

	place = place_of(protect, name, &found);
	if (!key_chain) {
		if (found)
			drop_interface(place);
		return 0;
	}
	if (!mrkm_name_valid(key_chain) || !mrkm_name_valid(name) ||
	    strlen(name) >= MRKM_INTERFACE_SIZE)
		return -MRKM_ERR_BAD_TEXT;
	if (found && strcmp((*place)->key_chain, key_chain) == 0)
		return 0;
	if (count_interfaces(protect, key_chain) >= MRKM_INTERFACES_MAX)
		return -MRKM_ERR_LIMIT;
	if (!found) {
		interface = calloc(1, sizeof(*interface));
		if (!interface)
			return -MRKM_ERR_NO_MEMORY;
		snprintf(interface->name, sizeof(interface->name), "%s", name);
		interface->next = *place;
		*place = interface;
	}
	if (!(*place)->before[0])
		memcpy((*place)->before, (*place)->key_chain,
		       sizeof((*place)->before));
	snprintf((*place)->key_chain, sizeof((*place)->key_chain), "%s",
		 key_chain);
	return 0;
}

const char *mrkm_protect_get(const struct mrkm_protect *protect,
			     const char *name)
{
	for_each_interface(interface, protect->interfaces)
		if (strcmp(interface->name, name) == 0)
			return interface->key_chain;
	return NULL;
}

/* ----------------------------------------------------------------- mrkmd's part */

static struct mrkm_protect_order *by_chain(const struct mrkm_protect *protect,
					   const char *key_chain)
{
	for_each_order(order, protect->orders)
		if (strcmp(order->key_chain, key_chain) == 0)
			return order;
	return NULL;
}

static void drop_order(struct mrkm_protect *protect,
		       struct mrkm_protect_order *order)
{
	struct mrkm_protect_order **link = &protect->orders;

	while (*link != order)
		link = &(*link)->next;
	*link = order->next;
	free_order(order);
}

static bool has_keys_by_hand(const struct mrkm_protect *protect,
			     const char *key_chain)
{
	struct keytable_row row;
	size_t count = protect->ops->by_hand(protect->arg, key_chain,
					     protect->protocol, &row, 1);

	keytable_wipe(&row, 1);
	return count != 0;
}

/* The group's order, moved to its key chain, made when it is not there. */
static int take_order(struct mrkm_protect *protect,
		      const struct mrkm_order *said,
		      struct mrkm_protect_order **result)
{
	struct mrkm_protect_order *order = by_chain(protect, said->key_chain);

	if (!protect->protocol || said->protocol != protect->protocol)
		return -MRKM_ERR_PROTOCOL;
	if (order && strcmp(order->group, said->group) != 0)
		return -MRKM_ERR_CHAIN_BUSY;
	if (!order) {
		mrkm_protect_withdraw(protect, said);
		order = calloc(1, sizeof(*order));
		if (!order)
			return -MRKM_ERR_NO_MEMORY;
		snprintf(order->group, sizeof(order->group), "%s", said->group);
		snprintf(order->key_chain, sizeof(order->key_chain), "%s",
			 said->key_chain);
		order->next = protect->orders;
		protect->orders = order;
	}
	order->boot = said->boot;
	order->session = said->session;
	order->conflict = has_keys_by_hand(protect, order->key_chain);
	*result = order;
	return 0;
}

int mrkm_protect_bind(struct mrkm_protect *protect,
		      const struct mrkm_order *said)
{
	struct mrkm_protect_order *order;
	int err = take_order(protect, said, &order);

	if (!err && order->conflict)
		err = -MRKM_ERR_CONFLICT;
	return err;
}

static struct mrkm_protect_told *find_told(const struct mrkm_protect *protect,
					   const char *key_chain)
{
	for_each_told(told, protect->told)
		if (strcmp(told->key_chain, key_chain) == 0)
			return told;
	return NULL;
}

static void note_synced(void *arg, const struct mrkm_receiver_status *status)
{
	bool *synced = arg;

	*synced |= status->state >= MRKM_RECEIVER_SYNCING;
}

static bool has_guard(const struct mrkm_protect *protect)
{
	bool synced = false;

	mrkm_sender_visit_receivers(protect->sender, note_synced, &synced);
	return synced;
}

bool mrkm_protect_is_idle(const struct mrkm_protect *protect)
{
	return protect->interfaces && !has_guard(protect);
}

/*
 * What becomes of rows that an interface needs is told by zebra, a moment
 * later; unless it has them already, and mrkmd only says them again.
 */
static enum mrkm_err first_result(const struct mrkm_protect *protect,
				  const struct mrkm_protect_order *order,
				  uint32_t id)
{
	const struct mrkm_protect_told *told =
		find_told(protect, order->key_chain);

	if (order->conflict)
		return MRKM_ERR_CONFLICT;
	if (!count_interfaces(protect, order->key_chain))
		return MRKM_ERR_OK;
	if (!has_guard(protect))
		return MRKM_ERR_NO_GUARD;
	for (size_t i = 0; told && i < told->result_count; i++)
		if (told->results[i].id == id)
			return told->results[i].result;
	return MRKM_ERR_PENDING;
}

int mrkm_protect_keys(struct mrkm_protect *protect,
		      const struct mrkm_order *said,
		      const struct keytable_row *rows, size_t count,
		      enum mrkm_err *results)
{
	struct mrkm_protect_order *order;
	int err = take_order(protect, said, &order);

	if (err)
		return err;
	keytable_wipe(order->rows, KEYTABLE_ROWS_MAX);
	if (count)
		memcpy(order->rows, rows, count * sizeof(*rows));
	order->count = count;
	for (size_t i = 0; i < count; i++)
		results[i] = first_result(protect, order, rows[i].id);
	return order->conflict ? -MRKM_ERR_CONFLICT : 0;
}

int mrkm_protect_withdraw(struct mrkm_protect *protect,
			  const struct mrkm_order *said)
{
	for_each_order(order, protect->orders)
		if (strcmp(order->group, said->group) == 0) {
			drop_order(protect, order);
			break;
		}
	return 0;
}

void mrkm_protect_synced(struct mrkm_protect *protect, uint64_t boot,
			 uint32_t session)
{
	struct mrkm_protect_order *order = protect->orders, *next;

	for (; order; order = next) {
		next = order->next;
		if (order->boot == boot && order->session != session)
			drop_order(protect, order);
	}
}

/* ----------------------------------------------------------------- zebra's part */

/* The oldest makes room. */
static void note_result(struct mrkm_protect_told *told,
			const struct mrkm_msg_result *result)
{
	for (size_t i = 0; i < told->result_count; i++)
		if (told->results[i].id == result->id) {
			told->results[i] = *result;
			return;
		}
	if (told->result_count == KEYTABLE_ROWS_MAX)
		memmove(told->results, told->results + 1,
			--told->result_count * sizeof(told->results[0]));
	told->results[told->result_count++] = *result;
}

void mrkm_protect_result(struct mrkm_protect *protect,
			 const struct mrkm_key_status *status)
{
	struct mrkm_protect_told *told = find_told(protect, status->group);
	const struct mrkm_protect_order *order =
		by_chain(protect, status->group);
	struct mrkm_msg_result result = { status->id, status->result };

	if (told && status->id)
		note_result(told, &result);
	if (!order || order->conflict)
		return;
	if (status->id)
		protect->ops->report(protect->arg, order, MRKM_ERR_OK, &result,
				     1);
	else
		protect->ops->report(protect->arg, order, status->result, NULL,
				     0);
}

static struct mrkm_protect_told *get_told(struct mrkm_protect *protect,
					  const char *key_chain)
{
	struct mrkm_protect_told *new;

	for_each_told(told, protect->told)
		if (strcmp(told->key_chain, key_chain) == 0)
			return told;
	new = calloc(1, sizeof(*new));
	if (!new)
		return NULL;
	snprintf(new->key_chain, sizeof(new->key_chain), "%s", key_chain);
	new->next = protect->told;
	protect->told = new;
	return new;
}

/* Who has the key chain may change at any time: mrkmd hears of it. */
static void settle_conflict(struct mrkm_protect *protect,
			    struct mrkm_protect_order *order, bool conflict)
{
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX];

	if (order->conflict == conflict)
		return;
	order->conflict = conflict;
	for (size_t i = 0; i < order->count; i++)
		results[i] =
			(struct mrkm_msg_result){ order->rows[i].id,
						  conflict ? MRKM_ERR_CONFLICT
							   : MRKM_ERR_PENDING };
	protect->ops->report(protect->arg, order,
			     conflict ? MRKM_ERR_CONFLICT : MRKM_ERR_OK,
			     results, order->count);
}

static void tell_rows(struct mrkm_protect *protect, const char *key_chain,
		      uint64_t now)
{
	struct mrkm_protect_order *order = by_chain(protect, key_chain);
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	size_t count = protect->ops->by_hand(protect->arg, key_chain,
					     protect->protocol, rows,
					     KEYTABLE_ROWS_MAX);

	if (order)
		settle_conflict(protect, order, count != 0);
	if (order && !count) {
		count = order->count;
		memcpy(rows, order->rows, count * sizeof(*rows));
	}
	mrkm_sender_set(protect->sender, key_chain, protect->protocol,
			key_chain, rows, count, now);
	keytable_wipe(rows, count);
}

/* With `before`, also what only was its. */
static void tell_interfaces(struct mrkm_protect *protect, const char *key_chain,
			    bool before, uint64_t now)
{
	struct mrkm_msg_interface interfaces[MRKM_INTERFACES_MAX] = { 0 };
	size_t count = 0;

	for_each_interface(interface, protect->interfaces)
		if ((strcmp(interface->key_chain, key_chain) == 0 ||
		     (before && strcmp(interface->before, key_chain) == 0)) &&
		    count < MRKM_INTERFACES_MAX)
			memcpy(interfaces[count++].name, interface->name,
			       sizeof(interface->name));
	mrkm_sender_protect(protect->sender, key_chain, protect->protocol,
			    interfaces, count, now);
}

static void forget_unused(struct mrkm_protect *protect, uint64_t now)
{
	struct mrkm_protect_told **link = &protect->told, *told;

	while ((told = *link)) {
		if (told->used) {
			link = &told->next;
			continue;
		}
		mrkm_sender_unset(protect->sender, told->key_chain,
				  protect->protocol, now);
		*link = told->next;
		free(told);
	}
}

/*
 * An interface that changes its key chain is not without one in between: first
 * all is told that is new, then what is over.
 */
void mrkm_protect_run(struct mrkm_protect *protect, uint64_t now)
{
	struct mrkm_protect_told *told;

	if (!protect->protocol)
		return;
	for_each_told(old, protect->told)
		old->used = false;
	for_each_interface(interface, protect->interfaces) {
		told = get_told(protect, interface->key_chain);
		if (!told || told->used)
			continue;
		told->used = true;
		tell_rows(protect, told->key_chain, now);
		tell_interfaces(protect, told->key_chain, true, now);
	}
	for_each_told(chain, protect->told)
		if (chain->used)
			tell_interfaces(protect, chain->key_chain, false, now);
	for_each_interface(interface, protect->interfaces)
		interface->before[0] = '\0';
	forget_unused(protect, now);
}
