// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm: the daemons that use the keys, and what they did with them.
 */
#include <zebra.h>

#include "termtable.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_show.h"

static const char *daemon_text(const struct mrkm_receiver_status *status,
			       char *buf, size_t size)
{
	if (!status->daemon[0])
		strlcpy(buf, "unknown", size);
	else if (status->instance)
		snprintf(buf, size, "%s-%u", status->daemon, status->instance);
	else
		strlcpy(buf, status->daemon, size);
	return buf;
}

/* Each HELLO but the first was a resync. */
static uint32_t resyncs(const struct mrkm_receiver_status *status)
{
	return status->sessions ? status->sessions - 1 : 0;
}

static void add_receiver(void *arg, const struct mrkm_receiver_status *status)
{
	char daemon[64];

	ttable_add_row(arg, "%s|%s|%u|%u|%u",
		       daemon_text(status, daemon, sizeof(daemon)),
		       mrkm_receiver_state_text(status->state),
		       status->keys_installed, status->keys_refused,
		       resyncs(status));
}

void mrkm_show_receivers(struct vty *vty)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	char *text;

	ttable_add_row(table, "Daemon|State|Keys|Refused|Resyncs");
	mrkm_channel_visit_receivers(add_receiver, table);
	if (table->nrows > 1) {
		text = ttable_dump(table, "\n");
		vty_out(vty, "%s\n", text);
		XFREE(MTYPE_TMP_TTABLE, text);
	} else if (mrkm_groups_count(&mrkm.groups)) {
		/* a key server alone has no use for them */
		vty_out(vty,
			"No daemon has asked for keys: start ospfd with \"-M mrkm\"\n\n");
	}
	ttable_del(table);
}

static void add_receiver_json(void *arg,
			      const struct mrkm_receiver_status *status)
{
	struct json_object *receivers = arg;
	struct json_object *json = json_object_new_object();
	struct json_object *protocols = json_object_new_object();

	json_object_string_add(json, "daemon", status->daemon);
	json_object_int_add(json, "instance", status->instance);
	json_object_string_add(json, "state",
			       mrkm_receiver_state_text(status->state));
	json_object_int_add(json, "keysInstalled", status->keys_installed);
	json_object_int_add(json, "keysRefused", status->keys_refused);
	json_object_int_add(json, "resyncs", resyncs(status));
	json_object_int_add(json, "malformed", status->malformed);
	for (size_t i = 0; i < status->capability_count; i++) {
		const struct mrkm_capability *capability =
			&status->capabilities[i];
		const struct keytable_protocol *protocol =
			keytable_protocol_by_wire(capability->protocol);
		struct json_object *names = json_object_new_array();

		for (uint32_t bit = 1; bit && protocol; bit <<= 1) {
			const char *name = keytable_bit_name(
				protocol, capability->algorithms & bit);

			if (name)
				json_array_string_add(names, name);
		}
		json_object_object_add(protocols,
				       protocol ? protocol->name : "unknown",
				       names);
	}
	json_object_object_add(json, "protocols", protocols);
	json_object_array_add(receivers, json);
}

struct json_object *mrkm_json_receivers(void)
{
	struct json_object *receivers = json_object_new_array();

	mrkm_channel_visit_receivers(add_receiver_json, receivers);
	return receivers;
}

/* ----------------------------------------------------------------- results */

struct result_filter {
	const char *group;
	uint8_t protocol;
	uint32_t id;
	struct vty *vty;
	struct json_object *json;
};

static bool wanted(const struct result_filter *filter,
		   const struct mrkm_key_status *status)
{
	return !strcmp(status->group, filter->group) &&
	       status->protocol == filter->protocol && status->id == filter->id;
}

static void show_result(void *arg, const struct mrkm_key_status *status)
{
	struct result_filter *filter = arg;

	if (!wanted(filter, status))
		return;
	if (filter->id)
		vty_out(filter->vty, "    key %u, %s: %s\n", status->id,
			status->daemon, mrkm_err_text(status->result));
	else if (status->result != MRKM_ERR_OK)
		vty_out(filter->vty, "    %s: %s\n", status->daemon,
			mrkm_err_text(status->result));
}

void mrkm_show_results(struct vty *vty, const char *group, uint8_t protocol,
		       uint32_t id)
{
	struct result_filter filter = { group, protocol, id, vty, NULL };

	mrkm_channel_visit_keys(show_result, &filter);
}

static void add_result_json(void *arg, const struct mrkm_key_status *status)
{
	struct result_filter *filter = arg;
	struct json_object *json;

	if (!wanted(filter, status))
		return;
	json = json_object_new_object();
	json_object_string_add(json, "daemon", status->daemon);
	json_object_string_add(json, "result", mrkm_err_name(status->result));
	json_object_string_add(json, "text", mrkm_err_text(status->result));
	json_object_array_add(filter->json, json);
}

struct json_object *mrkm_json_results(const char *group, uint8_t protocol,
				      uint32_t id)
{
	struct result_filter filter = { group, protocol, id, NULL,
					json_object_new_array() };

	mrkm_channel_visit_keys(add_result_json, &filter);
	return filter.json;
}
