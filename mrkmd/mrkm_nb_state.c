// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: operational state.
 *
 * Each container has one callback that writes the leaf it is asked for; the
 * walk never leaves this thread between two calls, so entries may point into
 * what the engine says at the moment.
 */
#include <zebra.h>

#include "northbound.h"
#include "yang.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_show.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_STATE, "MRKM operational state");

#define VALUE_SIZE 640

/* Adds the leaf `node` with that value under `parent`. */
static enum nb_error put(const struct nb_node *node, struct lyd_node *parent,
			 const char *value)
{
	const struct lysc_node *schema = node->snode;

	if (lyd_new_term(parent, schema->module, schema->name, value, false,
			 NULL))
		return NB_ERR_RESOURCE;
	return NB_OK;
}

static enum nb_error put_number(const struct nb_node *node,
				struct lyd_node *parent, uint64_t number)
{
	char value[32];

	snprintf(value, sizeof(value), "%" PRIu64, number);
	return put(node, parent, value);
}

static enum nb_error put_bool(const struct nb_node *node,
			      struct lyd_node *parent, bool yes)
{
	return put(node, parent, yes ? "true" : "false");
}

static bool is(const struct nb_node *node, const char *leaf)
{
	return !strcmp(node->snode->name, leaf);
}

/* -------------------------------------------------------------------- keys */

/* The rows that are being walked, without their octets. */
static struct keytable_row shown[KEYTABLE_ROWS_MAX];
static size_t shown_count;

static const void *first_row(const struct keytable_row *rows, size_t count)
{
	shown_count = MIN(count, array_size(shown));
	for (size_t i = 0; i < shown_count; i++) {
		shown[i] = rows[i];
		explicit_bzero(shown[i].key, sizeof(shown[i].key));
	}
	return shown_count ? &shown[0] : NULL;
}

static const void *next_row(const void *entry)
{
	const struct keytable_row *row = entry;

	return ++row < shown + shown_count ? row : NULL;
}

static const void *find_row(const struct yang_list_keys *keys)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_name(keys->key[0]);
	uint32_t id = strtoul(keys->key[1], NULL, 10);

	for (size_t i = 0; i < shown_count; i++)
		if (protocol && shown[i].protocol == protocol->wire &&
		    shown[i].id == id)
			return &shown[i];
	return NULL;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/group/state/key
 */
static const void *member_rows(const struct mrkm_group *group)
{
	struct gikev2_member_status status;

	if (!group->member)
		return first_row(NULL, 0);
	gikev2_member_get_status(group->member, &status);
	return first_row(status.rows, status.row_count);
}

const void *mrkm_nb_group_key_get_next(struct nb_cb_get_next_args *args)
{
	if (args->list_entry)
		return next_row(args->list_entry);
	return member_rows(args->parent_list_entry);
}

const void *mrkm_nb_group_key_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	member_rows(args->parent_list_entry);
	return find_row(args->keys);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/state/key
 */
static const void *server_rows(const struct mrkm_ks_group *group)
{
	struct gikev2_group_status status;

	if (!group->group)
		return first_row(NULL, 0);
	gikev2_group_get_status(group->group, mrkm_now(), &status);
	return first_row(status.rows, status.row_count);
}

const void *mrkm_nb_ks_group_key_get_next(struct nb_cb_get_next_args *args)
{
	if (args->list_entry)
		return next_row(args->list_entry);
	return server_rows(args->parent_list_entry);
}

const void *
mrkm_nb_ks_group_key_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	server_rows(args->parent_list_entry);
	return find_row(args->keys);
}

int mrkm_nb_key_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct keytable_row *row = args->list_entry;

	args->keys->num = 2;
	strlcpy(args->keys->key[0],
		keytable_protocol_by_wire(row->protocol)->name,
		sizeof(args->keys->key[0]));
	snprintf(args->keys->key[1], sizeof(args->keys->key[1]), "%u", row->id);
	return NB_OK;
}

enum nb_error mrkm_nb_key_get(const struct nb_node *node, const void *entry,
			      struct lyd_node *parent)
{
	const struct keytable_row *row = entry;
	uint64_t now = mrkm_now();
	bool sends = keytable_row_can_send(row, now);
	bool accepts = keytable_row_can_accept(row, now);
	char algorithm[KEYTABLE_ALGORITHM_TEXT];

	if (is(node, "protocol"))
		return put(node, parent,
			   keytable_protocol_by_wire(row->protocol)->name);
	if (is(node, "id"))
		return put_number(node, parent, row->id);
	if (is(node, "algorithm"))
		return put(node, parent,
			   keytable_row_algorithm(row, algorithm,
						  sizeof(algorithm)));
	if (is(node, "sends"))
		return put_bool(node, parent, sends);
	if (is(node, "accepts"))
		return put_bool(node, parent, accepts);
	if (is(node, "seconds-to-send") && now < row->send_start)
		return put_number(node, parent,
				  mrkm_seconds_until(row->send_start));
	if (is(node, "seconds-of-send") && sends &&
	    row->send_end != KEYTABLE_NEVER)
		return put_number(node, parent,
				  mrkm_seconds_until(row->send_end));
	if (is(node, "seconds-of-accept") && accepts &&
	    row->accept_end != KEYTABLE_NEVER)
		return put_number(node, parent,
				  mrkm_seconds_until(row->accept_end));
	return NB_OK;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa and the key server's
 *
 * False: `node` is none of that.
 */
static bool put_rekey(const struct nb_node *node, struct lyd_node *parent,
		      const struct gikev2_rekey_status *rekey,
		      enum nb_error *ret)
{
	const struct nb_node *container = node->parent;
	char value[VALUE_SIZE], text[MRKM_REKEY_SPI_TEXT];

	*ret = NB_OK;
	if (!container || !is(container, "rekey-sa"))
		return false;
	if (!rekey->alive)
		return true;
	if (is(node, "spi")) {
		/* xx:xx:..., as yang:hex-string has it */
		mrkm_rekey_spi_text(rekey, text);
		for (size_t i = 0; i < sizeof(rekey->spi); i++)
			snprintf(value + 3 * i, 4, "%.2s:", text + 2 * i);
		value[3 * sizeof(rekey->spi) - 1] = '\0';
		*ret = put(node, parent, value);
	} else if (is(node, "message-id")) {
		*ret = put_number(node, parent, rekey->message_id);
	} else if (is(node, "destination")) {
		*ret = put(node, parent,
			   mrkm_address_text(&rekey->destination, value,
					     sizeof(value)));
	} else if (is(node, "port")) {
		*ret = put_number(node, parent, rekey->destination.port);
	} else if (is(node, "seconds-of-life")) {
		*ret = put_number(node, parent, mrkm_seconds_until(rekey->end));
	} else {
		*ret = put(node, parent, mrkm_rekey_authentication(rekey));
	}
	return true;
}

/* ------------------------------------------------------------------ member */

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/group
 */
const void *mrkm_nb_group_get_next(struct nb_cb_get_next_args *args)
{
	const struct mrkm_group *group = args->list_entry;

	if (!group)
		return mrkm_groups_first(&mrkm.groups);
	return mrkm_groups_const_next(&mrkm.groups, group);
}

int mrkm_nb_group_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct mrkm_group *group = args->list_entry;

	args->keys->num = 1;
	strlcpy(args->keys->key[0], group->config.name,
		sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *mrkm_nb_group_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	return mrkm_group_find(args->keys->key[0]);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/group/state
 */
enum nb_error mrkm_nb_group_get(const struct nb_node *node, const void *entry,
				struct lyd_node *parent)
{
	const struct mrkm_group *group = entry;
	struct gikev2_member_status status = {};
	char value[VALUE_SIZE];
	enum nb_error ret;

	if (is(node, "problem"))
		return mrkm_group_problem(group, value, sizeof(value))
			       ? put(node, parent, value)
			       : NB_OK;
	if (!group->member)
		return NB_OK;
	gikev2_member_get_status(group->member, &status);
	if (put_rekey(node, parent, &status.rekey, &ret))
		return ret;
	if (is(node, "state"))
		return put(node, parent,
			   gikev2_member_state_text(status.state));
	if (is(node, "key-server") && status.server.family)
		return put(node, parent,
			   mrkm_address_text(&status.server, value,
					     sizeof(value)));
	if (is(node, "key-server-identity") && status.server_identity)
		return put(node, parent,
			   gikev2_id_text(status.server_identity, value,
					  sizeof(value)));
	if (is(node, "registered-seconds") && status.registered_since)
		return put_number(node, parent,
				  mrkm_seconds_since(status.registered_since));
	if (is(node, "registrations"))
		return put_number(node, parent, status.registrations);
	if (is(node, "failures"))
		return put_number(node, parent, status.failures);
	if (is(node, "rekeys"))
		return put_number(node, parent, status.rekeys);
	return NB_OK;
}

/* -------------------------------------------------------------- key server */

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group
 */
const void *mrkm_nb_ks_group_get_next(struct nb_cb_get_next_args *args)
{
	const struct mrkm_ks_group *group = args->list_entry;

	if (!group)
		return mrkm_ks_groups_first(&mrkm.ks_groups);
	return mrkm_ks_groups_const_next(&mrkm.ks_groups, group);
}

int mrkm_nb_ks_group_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct mrkm_ks_group *group = args->list_entry;

	args->keys->num = 1;
	strlcpy(args->keys->key[0], group->config.name,
		sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *mrkm_nb_ks_group_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	return mrkm_ks_group_find(args->keys->key[0]);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/state
 */
enum nb_error mrkm_nb_ks_group_get(const struct nb_node *node,
				   const void *entry, struct lyd_node *parent)
{
	const struct mrkm_ks_group *group = entry;
	struct gikev2_group_status status;
	enum nb_error ret;

	if (is(node, "excluded"))
		return put_number(node, parent,
				  mrkm_exclusions_count(&group->exclusions));
	if (!group->group)
		return NB_OK;
	gikev2_group_get_status(group->group, mrkm_now(), &status);
	if (put_rekey(node, parent, &status.rekey, &ret))
		return ret;
	if (is(node, "tree-room"))
		return put_number(node, parent, status.rekey.tree_room);
	if (is(node, "generation"))
		return put_number(node, parent, status.generation);
	if (is(node, "members"))
		return put_number(node, parent, status.members);
	if (is(node, "pending"))
		return put_number(node, parent, status.pending);
	if (is(node, "awaited"))
		return put_number(node, parent, status.awaited);
	if (is(node, "waiting-for") && status.wait)
		return put(node, parent,
			   status.wait == GIKEV2_WAIT_KEY ? "acknowledgement"
							  : "switch");
	if (is(node, "seconds-of-wait") && status.wait)
		return put_number(node, parent,
				  mrkm_seconds_until(status.wait_end));
	if (is(node, "seconds-to-roll"))
		return put_number(node, parent,
				  mrkm_seconds_until(status.next_roll));
	return NB_OK;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/state/member
 */
struct shown_member {
	struct gikev2_id identity;
	struct gikev2_group_member_status status; /* its identity aside */
};

/* Those that are being walked; the array only grows. */
static struct {
	struct shown_member *list;
	size_t count, room;
} members;

static bool collect_member(void *arg,
			   const struct gikev2_group_member_status *status)
{
	if (members.count == members.room) {
		members.room = members.room ? 2 * members.room : 16;
		members.list = XREALLOC(MTYPE_MRKM_STATE, members.list,
					members.room * sizeof(*members.list));
	}
	mrkm_identity_copy(&members.list[members.count].identity,
			   status->identity);
	members.list[members.count++].status = *status;
	return true;
}

static void collect_members(const struct mrkm_ks_group *group)
{
	members.count = 0;
	if (group->group)
		gikev2_group_members(group->group, collect_member, NULL);
}

const void *mrkm_nb_ks_member_get_next(struct nb_cb_get_next_args *args)
{
	const struct shown_member *member = args->list_entry;

	if (!member) {
		collect_members(args->parent_list_entry);
		return members.count ? members.list : NULL;
	}
	return ++member < members.list + members.count ? member : NULL;
}

int mrkm_nb_ks_member_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct shown_member *member = args->list_entry;

	args->keys->num = 1;
	gikev2_id_text(&member->identity, args->keys->key[0],
		       sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *mrkm_nb_ks_member_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	char text[VALUE_SIZE];

	collect_members(args->parent_list_entry);
	for (size_t i = 0; i < members.count; i++)
		if (!strcmp(gikev2_id_text(&members.list[i].identity, text,
					   sizeof(text)),
			    args->keys->key[0]))
			return &members.list[i];
	return NULL;
}

enum nb_error mrkm_nb_ks_member_get(const struct nb_node *node,
				    const void *entry, struct lyd_node *parent)
{
	const struct shown_member *member = entry;
	const struct gikev2_group_member_status *status = &member->status;
	char value[VALUE_SIZE];

	if (is(node, "identity"))
		return put(node, parent,
			   gikev2_id_text(&member->identity, value,
					  sizeof(value)));
	if (is(node, "address"))
		return put(node, parent,
			   mrkm_address_text(&status->path.remote, value,
					     sizeof(value)));
	if (is(node, "port"))
		return put_number(node, parent, status->path.remote.port);
	if (is(node, "registered-seconds"))
		return put_number(node, parent,
				  mrkm_seconds_since(status->registered_since));
	if (is(node, "seen-seconds"))
		return put_number(node, parent,
				  mrkm_seconds_since(status->last_seen));
	if (is(node, "awaited"))
		return put(node, parent, status->awaited ? "true" : "false");
	if (is(node, "late"))
		return put(node, parent, status->late ? "true" : "false");
	return put_number(node, parent, status->generation);
}

/* -------------------------------------------------------------- statistics */

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/statistics
 */
enum nb_error mrkm_nb_totals_get(const struct nb_node *node, const void *entry,
				 struct lyd_node *parent)
{
	struct gikev2_totals totals;

	gikev2_get_totals(mrkm.engine, &totals);
	if (is(node, "datagrams-in"))
		return put_number(node, parent, totals.datagrams_in);
	if (is(node, "datagrams-out"))
		return put_number(node, parent, totals.datagrams_out);
	if (is(node, "retransmissions"))
		return put_number(node, parent, totals.retransmissions);
	if (is(node, "registrations"))
		return put_number(node, parent, totals.registrations);
	if (is(node, "rekeys-sent"))
		return put_number(node, parent, totals.rekeys_sent);
	if (is(node, "rekeys-received"))
		return put_number(node, parent, totals.rekeys_received);
	if (is(node, "ike-sas"))
		return put_number(node, parent, totals.ike_sas);
	return put_number(node, parent, totals.half_open);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/statistics/reason
 *
 * The engine's reasons, then those in front of it.
 */
struct reason {
	const char *name;
	uint64_t count;
};

static const struct reason *reason_at(size_t index)
{
	static struct reason reason;

	if (index < GIKEV2_ERR_MAX) {
		reason.name = gikev2_err_name(index);
		reason.count = gikev2_counters(mrkm.engine)[index];
		return &reason;
	}
	index -= GIKEV2_ERR_MAX;
	if (index >= MRKM_IO_DROP_MAX)
		return NULL;
	reason.name = mrkm_io_drop_name(index);
	reason.count = mrkm.io.drops[index];
	return &reason;
}

/* Index 0 is "no error": entries are indices, and NULL is none. */
const void *mrkm_nb_reason_get_next(struct nb_cb_get_next_args *args)
{
	uintptr_t next = (uintptr_t)args->list_entry + 1;

	return reason_at(next) ? (const void *)next : NULL;
}

int mrkm_nb_reason_get_keys(struct nb_cb_get_keys_args *args)
{
	args->keys->num = 1;
	strlcpy(args->keys->key[0],
		reason_at((uintptr_t)args->list_entry)->name,
		sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *mrkm_nb_reason_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	for (uintptr_t i = 1; reason_at(i); i++)
		if (!strcmp(reason_at(i)->name, args->keys->key[0]))
			return (const void *)i;
	return NULL;
}

enum nb_error mrkm_nb_reason_get(const struct nb_node *node, const void *entry,
				 struct lyd_node *parent)
{
	const struct reason *reason = reason_at((uintptr_t)entry);

	if (is(node, "name"))
		return put(node, parent, reason->name);
	return put_number(node, parent, reason->count);
}
