// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm ...
 */
#include <zebra.h>

#include "command.h"
#include "monotime.h"
#include "termtable.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_cli.h"
#include "mrkmd/mrkm_show.h"

#include "mrkmd/mrkm_show_clippy.c"

#define NOT_CONFIGURED                                                         \
	"Key management is not configured: \"mrkm\" in configuration mode begins\n"

const char *mrkm_show_since(uint64_t instant, char *buf, size_t size)
{
	if (!instant)
		return "never";
	return frrtime_to_interval(mrkm_seconds_since(instant), buf, size);
}

const char *mrkm_show_until(uint64_t instant, char *buf, size_t size)
{
	if (instant == GIKEV2_NEVER)
		return "never";
	return frrtime_to_interval(mrkm_seconds_until(instant), buf, size);
}

void mrkm_show_line(struct vty *vty, const char *label, const char *format, ...)
{
	char text[MRKM_TEXT_SIZE * 2];
	va_list ap;

	va_start(ap, format);
	vsnprintfrr(text, sizeof(text), format, ap);
	va_end(ap);
	vty_out(vty, "  %-18s %s\n", label, text);
}

/* --------------------------------------------------------------- show mrkm */

static const char *member_state(const struct mrkm_group *group,
				struct gikev2_member_status *status)
{
	if (!group->member)
		return "not started";
	gikev2_member_get_status(group->member, status);
	return gikev2_member_state_text(status->state);
}

static void add_member_row(struct ttable *table, const struct mrkm_group *group)
{
	struct gikev2_member_status status = {};
	const char *state = member_state(group, &status);
	char server[INET6_ADDRSTRLEN], problem[MRKM_TEXT_SIZE];

	ttable_add_row(
		table, "%s|member|%s|%s|%zu|%s", group->config.name, state,
		mrkm_address_text(&status.server, server, sizeof(server)),
		status.row_count,
		mrkm_group_problem(group, problem, sizeof(problem)) ? "yes"
								    : "no");
}

static void add_server_row(struct ttable *table,
			   const struct mrkm_ks_group *group)
{
	struct gikev2_group_status status = {};
	char problem[MRKM_TEXT_SIZE];

	if (group->group)
		gikev2_group_get_status(group->group, mrkm_now(), &status);
	ttable_add_row(table, "%s|key server|%s|%u of %zu members|%zu|%s",
		       group->config.name,
		       group->group ? "serving" : "not serving", status.members,
		       mrkm_ks_members_count(&group->members), status.row_count,
		       mrkm_ks_group_problem(group, problem, sizeof(problem))
			       ? "yes"
			       : "no");
}

static void show_group_table(struct vty *vty)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	const struct mrkm_group *group;
	const struct mrkm_ks_group *ks_group;
	char *text;

	ttable_add_row(table, "Group|Role|State|Peers|Keys|Problem");
	frr_each(mrkm_groups_const, &mrkm.groups, group)
		add_member_row(table, group);
	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, ks_group)
		add_server_row(table, ks_group);
	text = ttable_dump(table, "\n");
	vty_out(vty, "%s\n", text);
	XFREE(MTYPE_TMP_TTABLE, text);
	ttable_del(table);
}

/* The sentences behind the table's last column. */
static void show_problems(struct vty *vty)
{
	const struct mrkm_group *group;
	const struct mrkm_ks_group *ks_group;
	char problem[MRKM_TEXT_SIZE];

	frr_each(mrkm_groups_const, &mrkm.groups, group)
		if (mrkm_group_problem(group, problem, sizeof(problem)))
			vty_out(vty, "Group %s: %s\n", group->config.name,
				problem);
	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, ks_group)
		if (mrkm_ks_group_problem(ks_group, problem, sizeof(problem)))
			vty_out(vty, "Group %s as key server: %s\n",
				ks_group->config.name, problem);
}

static const char *identity_text(char *buf, size_t size)
{
	if (!mrkm.base.identity.type)
		return "none";
	return gikev2_id_text(&mrkm.base.identity, buf, size);
}

static void show_mrkm_text(struct vty *vty)
{
	char text[MRKM_TEXT_SIZE];

	if (!mrkm.base.enabled) {
		vty_out(vty, NOT_CONFIGURED);
		return;
	}
	vty_out(vty, "Multicast router key management\n");
	mrkm_show_line(vty, "Identity", "%s",
		       identity_text(text, sizeof(text)));
	mrkm_show_line(vty, "UDP port", "%u%s", mrkm.io.port,
		       mrkm.io.error ? ", not open" : "");
	if (mrkm.io.nat_port)
		mrkm_show_line(vty, "NAT-T port", "%u%s", mrkm.io.nat_port,
			       mrkm.io.error ? ", not open" : "");
	mrkm_show_line(vty, "Key server", "%s",
		       mrkm.base.key_server ? "yes" : "no");
	mrkm_show_trust(vty);
	mrkm_show_line(vty, "Zebra", "%s",
		       mrkm_channel_connected() ? "connected"
						: "not connected");
	mrkm_show_keep(vty);
	if (mrkm_io_problem(text, sizeof(text)))
		mrkm_show_line(vty, "Problem", "%s", text);
	vty_out(vty, "\n");
	if (mrkm_groups_count(&mrkm.groups) ||
	    mrkm_ks_groups_count(&mrkm.ks_groups))
		show_group_table(vty);
	else
		vty_out(vty, "No group is configured\n\n");
	mrkm_show_receivers(vty);
	show_problems(vty);
}

static struct json_object *mrkm_json(void)
{
	struct json_object *json = json_object_new_object();
	struct json_object *groups = json_object_new_object();
	struct json_object *ks_groups = json_object_new_object();
	const struct mrkm_group *group;
	const struct mrkm_ks_group *ks_group;
	char text[MRKM_TEXT_SIZE];

	json_object_boolean_add(json, "enabled", mrkm.base.enabled);
	json_object_boolean_add(json, "keyServer", mrkm.base.key_server);
	json_object_boolean_add(json, "zebraConnected",
				mrkm_channel_connected());
	if (mrkm.base.enabled) {
		json_object_string_add(json, "identity",
				       identity_text(text, sizeof(text)));
		json_object_int_add(json, "port", mrkm.io.port);
		if (mrkm.io.nat_port)
			json_object_int_add(json, "natTraversalPort",
					    mrkm.io.nat_port);
		json_object_object_add(json, "credentials", mrkm_json_trust());
	}
	mrkm_json_keep(json);
	if (mrkm_io_problem(text, sizeof(text)))
		json_object_string_add(json, "problem", text);
	frr_each(mrkm_groups_const, &mrkm.groups, group)
		json_object_object_add(groups, group->config.name,
				       mrkm_json_group(group));
	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, ks_group)
		json_object_object_add(ks_groups, ks_group->config.name,
				       mrkm_json_ks_group(ks_group));
	json_object_object_add(json, "groups", groups);
	if (mrkm.base.key_server)
		json_object_object_add(json, "server", mrkm_json_server());
	json_object_object_add(json, "keyServerGroups", ks_groups);
	json_object_object_add(json, "receivers", mrkm_json_receivers());
	return json;
}

/* -------------------------------------------------------------- statistics */

struct counter {
	const char *name, *text;
	uint64_t count;
};

static const struct counter *totals(size_t *count)
{
	static struct counter list[8];
	struct gikev2_totals t;

	gikev2_get_totals(mrkm.engine, &t);
	list[0] = (struct counter){ "datagramsIn", "datagrams received",
				    t.datagrams_in };
	list[1] = (struct counter){ "datagramsOut", "datagrams sent",
				    t.datagrams_out };
	list[2] = (struct counter){ "retransmissions", "of these sent again",
				    t.retransmissions };
	list[3] = (struct counter){ "registrations", "registrations completed",
				    t.registrations };
	list[4] = (struct counter){ "rekeysSent", "rekey messages sent",
				    t.rekeys_sent };
	list[5] = (struct counter){ "rekeysReceived", "rekey messages received",
				    t.rekeys_received };
	list[6] = (struct counter){ "ikeSas", "IKE SAs alive", t.ike_sas };
	list[7] = (struct counter){ "halfOpen", "IKE SAs half open",
				    t.half_open };
	*count = array_size(list);
	return list;
}

/* Reason `index` of the engine's and then of the sockets'.  False: no more. */
static bool reason(size_t index, struct counter *counter)
{
	if (index < GIKEV2_ERR_MAX) {
		counter->name = gikev2_err_name(index);
		counter->text = gikev2_err_text(index);
		counter->count = gikev2_counters(mrkm.engine)[index];
		return true;
	}
	index -= GIKEV2_ERR_MAX;
	if (index >= MRKM_IO_DROP_MAX)
		return false;
	counter->name = mrkm_io_drop_name(index);
	counter->text = mrkm_io_drop_text(index);
	counter->count = mrkm.io.drops[index];
	return true;
}

static void show_counter(struct vty *vty, uint64_t count, const char *text)
{
	vty_out(vty, "  %12" PRIu64 "  %s\n", count, text);
}

static void show_statistics_text(struct vty *vty)
{
	const uint64_t *channel = mrkm_channel_counters();
	const struct counter *list;
	struct counter counter;
	size_t count, shown = 0;

	list = totals(&count);
	vty_out(vty, "Protocol\n");
	for (size_t i = 0; i < count; i++)
		show_counter(vty, list[i].count, list[i].text);
	vty_out(vty, "Dropped datagrams and failed exchanges, by reason\n");
	for (size_t i = 1; reason(i, &counter); i++)
		if (counter.count && ++shown)
			show_counter(vty, counter.count, counter.text);
	if (!shown)
		vty_out(vty, "  none\n");
	shown = 0;
	vty_out(vty, "Key channel, by reason\n");
	for (size_t i = 1; i < MRKM_ERR_MAX; i++)
		if (channel[i] && ++shown)
			show_counter(vty, channel[i], mrkm_err_text(i));
	if (!shown)
		vty_out(vty, "  none\n");
}

static struct json_object *statistics_json(void)
{
	const uint64_t *channel = mrkm_channel_counters();
	struct json_object *json = json_object_new_object();
	struct json_object *reasons = json_object_new_object();
	struct json_object *channel_json = json_object_new_object();
	const struct counter *list;
	struct counter counter;
	size_t count;

	list = totals(&count);
	for (size_t i = 0; i < count; i++)
		json_object_int_add(json, list[i].name, list[i].count);
	for (size_t i = 1; reason(i, &counter); i++)
		json_object_int_add(reasons, counter.name, counter.count);
	for (size_t i = 1; i < MRKM_ERR_MAX; i++)
		json_object_int_add(channel_json, mrkm_err_name(i), channel[i]);
	json_object_object_add(json, "reasons", reasons);
	json_object_object_add(json, "channel", channel_json);
	return json;
}

/* ---------------------------------------------------------------- commands */

/* clang-format off */

DEFPY (show_mrkm,
       show_mrkm_cmd,
       "show mrkm [json]$json",
       SHOW_STR
       MRKM_STR
       JSON_STR)
{
	if (json)
		return vty_json(vty, mrkm_json());
	show_mrkm_text(vty);
	return CMD_SUCCESS;
}

DEFPY (show_mrkm_group,
       show_mrkm_group_cmd,
       "show mrkm group [NAME$mrkm_group] [json]$json",
       SHOW_STR
       MRKM_STR
       "Groups that this router is a member of\n"
       "Name of the group\n"
       JSON_STR)
{
	return mrkm_show_groups(vty, mrkm_group, json != NULL);
}

DEFPY (show_mrkm_key_server,
       show_mrkm_key_server_cmd,
       "show mrkm key-server [members]$members [json]$json",
       SHOW_STR
       MRKM_STR
       "Groups that this router is the key server of\n"
       "Their members\n"
       JSON_STR)
{
	return mrkm_show_server(vty, members != NULL, json != NULL);
}

DEFPY (show_mrkm_keys,
       show_mrkm_keys_cmd,
       "show mrkm keys [json]$json",
       SHOW_STR
       MRKM_STR
       "Keys and what became of them\n"
       JSON_STR)
{
	return mrkm_show_keys(vty, json != NULL);
}

DEFPY (show_mrkm_statistics,
       show_mrkm_statistics_cmd,
       "show mrkm statistics [json]$json",
       SHOW_STR
       MRKM_STR
       "Counters\n"
       JSON_STR)
{
	if (json)
		return vty_json(vty, statistics_json());
	show_statistics_text(vty);
	return CMD_SUCCESS;
}

/* clang-format on */

void mrkm_show_init(void)
{
	install_element(VIEW_NODE, &show_mrkm_cmd);
	install_element(VIEW_NODE, &show_mrkm_group_cmd);
	install_element(VIEW_NODE, &show_mrkm_key_server_cmd);
	install_element(VIEW_NODE, &show_mrkm_keys_cmd);
	install_element(VIEW_NODE, &show_mrkm_statistics_cmd);
}
