// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zebra_mrkm.so: "show mrkm ipsec".  Never octets.
 */
#include <zebra.h>

#include "command.h"
#include "json.h"
#include "privs.h"
#include "vty.h"

#include "modules/mrkm_zebra.h"
#include "modules/mrkm_zebra_vty_clippy.c"

#define for_each_chain(chain)                                                  \
	for (const struct mrkm_guard_chain *chain = mrkm_zebra.guard.chains;   \
	     chain; chain = chain->next)

static const char *direction(const struct keytable_row *row, uint64_t now,
			     uint32_t sender)
{
	if (row->id == sender)
		return "in-use";
	return keytable_row_can_accept(row, now) ? "accepting" : "waiting";
}

static void show_chain(struct vty *vty, const struct mrkm_guard_chain *chain,
		       uint64_t now)
{
	char algorithm[KEYTABLE_ALGORITHM_TEXT];
	enum mrkm_err state;

	vty_out(vty, "\n%s, key chain %s\n", mrkm_traffic[chain->traffic].name,
		chain->name);
	for (size_t i = 0; i < chain->interface_count; i++) {
		state = mrkm_guard_state(&mrkm_zebra.guard, chain,
					 chain->interfaces[i].name);
		vty_out(vty, "  %-15s  %s\n", chain->interfaces[i].name,
			state == MRKM_ERR_OK ? "protected"
					     : mrkm_err_text(state));
	}
	for (size_t i = 0; i < chain->row_count; i++)
		vty_out(vty, "  SPI %-10u  %-9s  %s%s%s\n", chain->rows[i].id,
			chain->results[i] == MRKM_ERR_OK
				? direction(&chain->rows[i], now, chain->sender)
				: "refused",
			keytable_row_algorithm(&chain->rows[i], algorithm,
					       sizeof(algorithm)),
			chain->results[i] == MRKM_ERR_OK ? "" : ": ",
			chain->results[i] == MRKM_ERR_OK
				? ""
				: mrkm_err_text(chain->results[i]));
}

/* ", without aes-gcm-128, aes-gcm-256"; nothing where it has none or all. */
static void show_lacks(struct vty *vty)
{
	const struct keytable_transform *transforms;
	const char *separator = ", without ";
	size_t count;

	transforms = keytable_transforms(&count);
	for (size_t i = 0; mrkm_zebra.transforms && i < count; i++) {
		if (mrkm_zebra.transforms &
		    keytable_transform_bit(&transforms[i]))
			continue;
		vty_out(vty, "%s%s", separator, transforms[i].name);
		separator = ", ";
	}
}

static struct json_object *lacks_json(void)
{
	struct json_object *json = json_object_new_array();
	const struct keytable_transform *transforms;
	size_t count;

	transforms = keytable_transforms(&count);
	for (size_t i = 0; mrkm_zebra.probed && i < count; i++)
		if (!(mrkm_zebra.transforms &
		      keytable_transform_bit(&transforms[i])))
			json_object_array_add(
				json,
				json_object_new_string(transforms[i].name));
	return json;
}

/* What filters have dropped by now; empty where that cannot be known. */
static void count_dropped(struct mrkm_image *counted)
{
	struct mrkm_guard *guard = &mrkm_zebra.guard;

	frr_with_privs(&zserv_privs)
		mrkm_kernel_count(&guard->kernel, &guard->is, counted);
}

static const char *interface_of(const struct mrkm_filter *filter)
{
	const struct mrkm_link *link =
		mrkm_links_by_index(&mrkm_zebra.guard.links, filter->ifindex);

	return link ? link->name : "?";
}

static void show_dropped(struct vty *vty)
{
	static const char *const texts[] = {
		[MRKM_FILTER_CLEAR] = "without IPsec",
		[MRKM_FILTER_ECHO] =
			"sent by this router, sent back by another",
	};
	struct mrkm_image counted = { 0 };

	count_dropped(&counted);
	mrkm_for_each(mrkm_filter, filter, &counted.filters)
		if (filter->dropped)
			vty_out(vty, "Dropped on %s: %u packet%s %s\n",
				interface_of(filter), filter->dropped,
				filter->dropped == 1 ? "" : "s",
				texts[filter->kind]);
	mrkm_image_clear(&counted);
}

static struct json_object *dropped_json(void)
{
	static const char *const names[] = {
		[MRKM_FILTER_CLEAR] = "withoutIpsec",
		[MRKM_FILTER_ECHO] = "sentBack",
	};
	struct json_object *json = json_object_new_object();
	struct mrkm_image counted = { 0 };
	struct json_object *of;

	count_dropped(&counted);
	mrkm_for_each(mrkm_filter, filter, &counted.filters) {
		of = json_object_object_get(json, interface_of(filter));
		if (!of) {
			of = json_object_new_object();
			json_object_object_add(json, interface_of(filter), of);
		}
		json_object_int_add(of, names[filter->kind], filter->dropped);
	}
	mrkm_image_clear(&counted);
	return json;
}

static struct json_object *chain_json(const struct mrkm_guard_chain *chain,
				      uint64_t now)
{
	struct json_object *json = json_object_new_object();
	struct json_object *interfaces = json_object_new_object();
	struct json_object *keys = json_object_new_array();
	char algorithm[KEYTABLE_ALGORITHM_TEXT];
	struct json_object *key;

	json_object_string_add(json, "traffic",
			       mrkm_traffic[chain->traffic].name);
	json_object_string_add(json, "daemon",
			       mrkm_traffic[chain->traffic].daemon);
	json_object_string_add(json, "keyChain", chain->name);
	if (chain->sender)
		json_object_int_add(json, "sendingSpi", chain->sender);
	for (size_t i = 0; i < chain->interface_count; i++)
		json_object_string_add(interfaces, chain->interfaces[i].name,
				       mrkm_err_name(mrkm_guard_state(
					       &mrkm_zebra.guard, chain,
					       chain->interfaces[i].name)));
	json_object_object_add(json, "interfaces", interfaces);
	for (size_t i = 0; i < chain->row_count; i++) {
		key = json_object_new_object();
		json_object_int_add(key, "spi", chain->rows[i].id);
		json_object_string_add(
			key, "algorithm",
			keytable_row_algorithm(&chain->rows[i], algorithm,
					       sizeof(algorithm)));
		json_object_string_add(key, "state",
				       direction(&chain->rows[i], now,
						 chain->sender));
		json_object_string_add(key, "result",
				       mrkm_err_name(chain->results[i]));
		json_object_array_add(keys, key);
	}
	json_object_object_add(json, "keys", keys);
	return json;
}

static struct json_object *show_json(uint64_t now)
{
	const struct mrkm_guard *guard = &mrkm_zebra.guard;
	struct json_object *json = json_object_new_object();
	struct json_object *chains = json_object_new_array();

	for_each_chain(chain)
		json_object_array_add(chains, chain_json(chain, now));
	json_object_boolean_add(json, "ipsec", mrkm_zebra.transforms != 0);
	json_object_object_add(json, "lacks", lacks_json());
	json_object_boolean_add(json, "filters", !guard->filterless);
	json_object_int_add(json, "batches", guard->kernel.batches);
	json_object_int_add(json, "messages", guard->kernel.messages);
	json_object_int_add(json, "restored", guard->restored);
	json_object_object_add(json, "dropped", dropped_json());
	json_object_object_add(json, "keyChains", chains);
	return json;
}

/* clang-format off */
DEFPY (show_mrkm_ipsec,
       show_mrkm_ipsec_cmd,
       "show mrkm ipsec [json$json]",
       SHOW_STR
       "Multicast router key management\n"
       "What the kernel's IPsec protects\n"
       JSON_STR)
/* clang-format on */
{
	const struct mrkm_guard *guard = &mrkm_zebra.guard;
	uint64_t now = mrkm_zebra_now();

	if (json)
		return vty_json(vty, show_json(now));
	vty_out(vty, "Kernel IPsec: %s",
		!mrkm_zebra.probed	? "not known yet"
		: mrkm_zebra.transforms ? "available"
					: "not available");
	show_lacks(vty);
	vty_out(vty, "%s\n",
		guard->filterless
			? "; no ingress filters, so all interfaces are protected in place of some"
			: "");
	if (guard->restored)
		vty_out(vty, "Changed by others and restored: %" PRIu64 "\n",
			guard->restored);
	show_dropped(vty);
	for_each_chain(chain)
		show_chain(vty, chain, now);
	return CMD_SUCCESS;
}

void mrkm_zebra_vty_init(void)
{
	install_element(VIEW_NODE, &show_mrkm_ipsec_cmd);
}
