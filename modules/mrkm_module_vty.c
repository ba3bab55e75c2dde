// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkm.so: "show mrkm keys" of the daemon that loaded it.  Never octets.
 */
#include <zebra.h>

#include "command.h"
#include "json.h"
#include "libfrr.h"
#include "vty.h"
#include "zclient.h"

#include "modules/mrkm_module.h"
#include "modules/mrkm_module_vty_clippy.c"

static const char *protocol_name(uint8_t wire)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(wire);

	return protocol ? protocol->name : "unknown";
}

static const char *slot_state(const struct mrkm_slot *slot)
{
	if (slot->state == MRKM_SLOT_RETIRED)
		return "retired";
	if (slot->sends)
		return "in-use";
	return slot->accepts ? "accepting" : "waiting";
}

static const char *session_state(void)
{
	return mrkm_module.zclient->sock >= 0 && mrkm_module.receiver.session
		       ? "connected"
		       : "away";
}

/* Real keys by their ID, the last resort last. */
static const struct mrkm_slot *next_slot(const struct mrkm_binding *b,
					 const struct mrkm_slot *last)
{
	const struct mrkm_slot *next = NULL;

	for (const struct mrkm_slot *slot = b->slots;
	     slot < b->slots + MRKM_SLOTS_MAX; slot++)
		if (slot->state != MRKM_SLOT_FREE &&
		    (!last || slot->row.id > last->row.id) &&
		    (!next || slot->row.id < next->row.id))
			next = slot;
	return next;
}

/* --------------------------------------------------------------------- text */

/* A window as seen from now: "no", "for ever", "90 s", "in 5 s". */
static const char *window_text(char *text, size_t size, uint64_t start,
			       uint64_t end, uint64_t now)
{
	if (end <= now || start >= end)
		return "no";
	if (start > now) {
		snprintf(text, size, "in %" PRIu64 " s",
			 (start - now + KEYTABLE_SECOND - 1) / KEYTABLE_SECOND);
		return text;
	}
	if (end == KEYTABLE_NEVER)
		return "for ever";
	snprintf(text, size, "%" PRIu64 " s", (end - now) / KEYTABLE_SECOND);
	return text;
}

static void show_slot(struct vty *vty, const struct mrkm_slot *slot,
		      uint64_t now)
{
	const struct keytable_row *row = &slot->row;
	bool retired = slot->state == MRKM_SLOT_RETIRED;
	char send[32], accept[32], id[16], algorithm[KEYTABLE_ALGORITHM_TEXT];

	if (row->id == MRKM_LAST_RESORT_ID) {
		vty_out(vty, "  %-8s  %-13s  %-9s\n", "none", "(last resort)",
			slot_state(slot));
		return;
	}
	snprintf(id, sizeof(id), "%u", row->id);
	vty_out(vty, "  %-8s  %-13s  %-9s  %-10s  %-10s\n", id,
		keytable_row_algorithm(row, algorithm, sizeof(algorithm)),
		slot_state(slot),
		window_text(send, sizeof(send), row->send_start,
			    retired ? now : row->send_end, now),
		window_text(accept, sizeof(accept), row->accept_start,
			    retired ? now : row->accept_end, now));
}

static void show_binding(struct vty *vty, const struct mrkm_binding *b,
			 uint64_t now)
{
	if (b->group[0])
		vty_out(vty, "\nKey chain %s: %s, group %s%s\n", b->key_chain,
			protocol_name(b->protocol), b->group,
			b->withdrawn ? ", withdrawn" : "");
	else
		vty_out(vty,
			"\nKey chain %s: empty, mrkmd has no keys for it\n",
			b->key_chain);
	if (b->obstacle)
		vty_out(vty, "  Not used: %s\n", mrkm_err_text(b->obstacle));
	vty_out(vty, "  %-8s  %-13s  %-9s  %-10s  %-10s\n", "Key ID",
		"Algorithm", "State", "Sends", "Accepts");
	for (const struct mrkm_slot *slot = next_slot(b, NULL); slot;
	     slot = next_slot(b, slot))
		show_slot(vty, slot, now);
}

static void show_text(struct vty *vty, uint64_t now)
{
	const uint64_t *counters = mrkm_module.receiver.counters;

	vty_out(vty, "%s, mrkmd %s\n", frr_get_progname(), session_state());
	for (size_t i = 0; i < MRKM_BINDINGS_MAX; i++)
		if (mrkm_module.chains.bindings[i])
			show_binding(vty, mrkm_module.chains.bindings[i], now);
	for (int err = 0; err < MRKM_ERR_MAX; err++)
		if (counters[err])
			vty_out(vty, "\nDropped %" PRIu64 ": %s\n",
				counters[err], mrkm_err_text(err));
}

/* --------------------------------------------------------------------- JSON */

/* Milliseconds from now until `instant`; absent when there is no such moment. */
static void add_instant(struct json_object *json, const char *name,
			uint64_t instant, uint64_t now)
{
	if (instant > now && instant != KEYTABLE_NEVER)
		json_object_int_add(json, name, (instant - now) / 1000);
}

static struct json_object *slot_json(const struct mrkm_slot *slot, uint64_t now)
{
	const struct keytable_row *row = &slot->row;
	struct json_object *json = json_object_new_object();
	char algorithm[KEYTABLE_ALGORITHM_TEXT];

	json_object_int_add(json, "keyId", row->id);
	json_object_string_add(json, "algorithm",
			       keytable_row_algorithm(row, algorithm,
						      sizeof(algorithm)));
	json_object_string_add(json, "state", slot_state(slot));
	json_object_boolean_add(json, "sends", slot->sends);
	json_object_boolean_add(json, "accepts", slot->accepts);
	add_instant(json, "sendStartMsec", row->send_start, now);
	add_instant(json, "sendEndMsec", row->send_end, now);
	add_instant(json, "acceptStartMsec", row->accept_start, now);
	add_instant(json, "acceptEndMsec", row->accept_end, now);
	return json;
}

static struct json_object *binding_json(const struct mrkm_binding *b,
					uint64_t now)
{
	struct json_object *json = json_object_new_object();
	struct json_object *keys = json_object_new_array();
	const struct mrkm_slot *last = &b->slots[0];

	if (b->group[0]) {
		json_object_string_add(json, "protocol",
				       protocol_name(b->protocol));
		json_object_string_add(json, "group", b->group);
	}
	json_object_boolean_add(json, "withdrawn", b->withdrawn);
	if (b->obstacle)
		json_object_string_add(json, "obstacle",
				       mrkm_err_name(b->obstacle));
	json_object_boolean_add(json, "lastResort", last->sends);
	if (b->sender)
		json_object_int_add(json, "sendingKeyId", b->sender);
	for (const struct mrkm_slot *slot = next_slot(b, NULL); slot;
	     slot = next_slot(b, slot))
		if (slot != last)
			json_object_array_add(keys, slot_json(slot, now));
	json_object_object_add(json, "keys", keys);
	return json;
}

static struct json_object *show_json(uint64_t now)
{
	struct json_object *json = json_object_new_object();
	struct json_object *key_chains = json_object_new_object();
	struct json_object *dropped = json_object_new_object();
	const uint64_t *counters = mrkm_module.receiver.counters;

	for (size_t i = 0; i < MRKM_BINDINGS_MAX; i++) {
		const struct mrkm_binding *b = mrkm_module.chains.bindings[i];

		if (b)
			json_object_object_add(key_chains, b->key_chain,
					       binding_json(b, now));
	}
	for (int err = 0; err < MRKM_ERR_MAX; err++)
		if (counters[err])
			json_object_int_add(dropped, mrkm_err_name(err),
					    counters[err]);
	json_object_string_add(json, "mrkmd", session_state());
	json_object_object_add(json, "keyChains", key_chains);
	json_object_object_add(json, "dropped", dropped);
	return json;
}

/* clang-format off */
DEFPY (show_mrkm_keys,
       show_mrkm_keys_cmd,
       "show mrkm keys [json$json]",
       SHOW_STR
       "Multicast router key management\n"
       "Keys and what became of them\n"
       JSON_STR)
/* clang-format on */
{
	uint64_t now = mrkm_module_now();

	if (json)
		return vty_json(vty, show_json(now));
	show_text(vty, now);
	return CMD_SUCCESS;
}

void mrkm_module_vty_init(void)
{
	install_element(VIEW_NODE, &show_mrkm_keys_cmd);
}
