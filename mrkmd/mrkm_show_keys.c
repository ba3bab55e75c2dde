// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm keys: rows of the key table (RFC 7210), never the keys.
 */
#include <zebra.h>

#include "termtable.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_show.h"

static const char *protocol_name(const struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);

	return protocol ? protocol->name : "unknown";
}

/* A window, seen from now: "in ...", "for ...", "over", "never". */
static const char *window(uint64_t start, uint64_t end, char *buf, size_t size)
{
	uint64_t now = mrkm_now();
	char interval[32];

	if (start >= end)
		strlcpy(buf, "never", size);
	else if (now >= end)
		strlcpy(buf, "over", size);
	else if (now < start)
		snprintf(buf, size, "in %s",
			 mrkm_show_until(start, interval, sizeof(interval)));
	else if (end == KEYTABLE_NEVER)
		strlcpy(buf, "yes", size);
	else
		snprintf(buf, size, "for %s",
			 mrkm_show_until(end, interval, sizeof(interval)));
	return buf;
}

void mrkm_show_rows(struct vty *vty, const struct keytable_row *rows,
		    size_t count)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	char send[48], accept[48], algorithm[KEYTABLE_ALGORITHM_TEXT], *text;

	ttable_add_row(table, "Protocol|Key ID|Algorithm|Send|Accept");
	for (size_t i = 0; i < count; i++)
		ttable_add_row(table, "%s|%u|%s|%s|%s", protocol_name(&rows[i]),
			       rows[i].id,
			       keytable_row_algorithm(&rows[i], algorithm,
						      sizeof(algorithm)),
			       window(rows[i].send_start, rows[i].send_end,
				      send, sizeof(send)),
			       window(rows[i].accept_start, rows[i].accept_end,
				      accept, sizeof(accept)));
	text = ttable_dump(table, "\n");
	vty_out(vty, "%s", text);
	XFREE(MTYPE_TMP_TTABLE, text);
	ttable_del(table);
}

static struct json_object *row_json(const struct keytable_row *row)
{
	struct json_object *json = json_object_new_object();
	uint64_t now = mrkm_now();
	bool sends = keytable_row_can_send(row, now);
	bool accepts = keytable_row_can_accept(row, now);
	char algorithm[KEYTABLE_ALGORITHM_TEXT];

	json_object_string_add(json, "protocol", protocol_name(row));
	json_object_int_add(json, "keyId", row->id);
	json_object_string_add(json, "algorithm",
			       keytable_row_algorithm(row, algorithm,
						      sizeof(algorithm)));
	json_object_boolean_add(json, "sends", sends);
	json_object_boolean_add(json, "accepts", accepts);
	if (now < row->send_start)
		json_object_int_add(json, "secondsUntilSend",
				    mrkm_seconds_until(row->send_start));
	if (sends && row->send_end != KEYTABLE_NEVER)
		json_object_int_add(json, "secondsOfSend",
				    mrkm_seconds_until(row->send_end));
	if (accepts && row->accept_end != KEYTABLE_NEVER)
		json_object_int_add(json, "secondsOfAccept",
				    mrkm_seconds_until(row->accept_end));
	return json;
}

struct json_object *mrkm_json_rows(const struct keytable_row *rows,
				   size_t count)
{
	struct json_object *json = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(json, row_json(&rows[i]));
	return json;
}

/* ---------------------------------------------------------- show mrkm keys */

static void show_group_keys(struct vty *vty, const struct mrkm_group *group,
			    const struct gikev2_member_status *status)
{
	vty_out(vty, "Group %s\n", group->config.name);
	for (size_t i = 0; i < group->config.protocol_count; i++) {
		const struct mrkm_protocol_config *protocol =
			&group->config.protocols[i];

		vty_out(vty, "  %s into key chain %s\n",
			keytable_protocol_by_wire(protocol->protocol)->name,
			protocol->key_chain);
		mrkm_show_results(vty, group->config.name, protocol->protocol,
				  0);
	}
	if (!status->row_count) {
		vty_out(vty, "  no key\n");
		return;
	}
	mrkm_show_rows(vty, status->rows, status->row_count);
	for (size_t i = 0; i < status->row_count; i++)
		mrkm_show_results(vty, group->config.name,
				  status->rows[i].protocol, status->rows[i].id);
}

static struct json_object *
group_keys_json(const struct mrkm_group *group,
		const struct gikev2_member_status *status)
{
	struct json_object *keys = json_object_new_array();

	for (size_t i = 0; i < status->row_count; i++) {
		struct json_object *json = row_json(&status->rows[i]);

		json_object_object_add(
			json, "daemons",
			mrkm_json_results(group->config.name,
					  status->rows[i].protocol,
					  status->rows[i].id));
		json_object_array_add(keys, json);
	}
	return keys;
}

int mrkm_show_keys(struct vty *vty, bool json)
{
	struct json_object *groups = json ? json_object_new_object() : NULL;
	const struct mrkm_group *group;

	frr_each(mrkm_groups_const, &mrkm.groups, group) {
		struct gikev2_member_status status = {};

		if (group->member)
			gikev2_member_get_status(group->member, &status);
		if (json)
			json_object_object_add(groups, group->config.name,
					       group_keys_json(group, &status));
		else
			show_group_keys(vty, group, &status);
	}
	if (json)
		return vty_json(vty, groups);
	if (!mrkm_groups_count(&mrkm.groups))
		vty_out(vty, "This router is a member of no group\n");
	return CMD_SUCCESS;
}
