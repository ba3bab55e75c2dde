// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line of what a key server makes keys for: protocols with an algorithm
 * of their own, and protocols that IPsec protects.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"

#include "mrkmd/mrkm_cli_protocol_clippy.c"

#define PROTOCOL_STR                                                           \
	"Protocol that keys are made for\n"                                    \
	"Name of the protocol\n"
#define ALGORITHMS_STR                                                         \
	"Algorithm of the keys\n"                                              \
	"Name of the algorithm\n"                                              \
	"Protected by the kernel's IPsec: ESP\n"                               \
	"Encryption\n"                                                         \
	"Name of the encryption; null for none\n"                              \
	"Integrity, unless the encryption has it built in\n"                   \
	"Name of the integrity transform\n"                                    \
	"Protected by the kernel's IPsec: AH\n"                                \
	"Integrity\n"                                                          \
	"Name of the integrity transform\n"

/* Which algorithms a command names: `ah` with integrity, or one of the others. */
struct algorithms {
	const char *algorithm, *encryption, *integrity;
	bool ah;
};

static bool algorithms_ok(struct vty *vty, const struct algorithms *named)
{
	const char *const names[] = { named->algorithm, named->encryption,
				      named->integrity };

	for (size_t i = 0; i < array_size(names); i++)
		if (names[i] && !mrkm_cli_name_ok(vty, "algorithm", names[i],
						  MRKM_NAME_SIZE - 1))
			return false;
	return true;
}

static bool protocol_ok(struct vty *vty, const char *name)
{
	return mrkm_cli_name_ok(vty, "protocol", name, MRKM_NAME_SIZE - 1);
}

/* A node below a list entry; without a value a leaf is taken out. */
static void set(struct vty *vty, const char *entry, const char *leaf,
		const char *value)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "%s/%s", entry, leaf);
	nb_cli_enqueue_change(vty, xpath, value ? NB_OP_MODIFY : NB_OP_DESTROY,
			      value);
}

static void create(struct vty *vty, const char *entry, const char *container)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "%s/%s", entry, container);
	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
}

/* What the entry says now is all that it says. */
static void set_algorithms(struct vty *vty, const char *entry,
			   const struct algorithms *named)
{
	bool esp = named->encryption != NULL;

	set(vty, entry, "algorithm", named->algorithm);
	if (!esp)
		set(vty, entry, "esp", NULL);
	if (!named->ah)
		set(vty, entry, "ah", NULL);
	if (esp) {
		create(vty, entry, "esp");
		set(vty, entry, "esp/encryption", named->encryption);
		set(vty, entry, "esp/integrity", named->integrity);
	} else if (named->ah) {
		create(vty, entry, "ah");
		set(vty, entry, "ah/integrity", named->integrity);
	}
}

/* It is a policy that others may well follow, so it is not refused. */
static void warn_of_sharing(struct vty *vty, const struct algorithms *named)
{
	const struct keytable_transform *encr =
		named->encryption
			? keytable_transform_by_name(KEYTABLE_ENCR,
						     named->encryption)
			: NULL;

	if (encr && encr->aead)
		vty_out(vty,
			"%% Linux cannot share a key of %s among senders: FRR's members will refuse it, unless there is \"per-sender\"\n",
			encr->name);
}

/* clang-format off */

DEFPY_YANG (mrkm_ks_protocol,
	mrkm_ks_protocol_cmd,
	"protocol PROTOCOL$mrkm_protocol <algorithm ALGORITHM$mrkm_algorithm|esp encryption ENCRYPTION$mrkm_encryption [integrity INTEGRITY$mrkm_integrity]|ah$ah integrity INTEGRITY$mrkm_integrity> [per-sender$per_sender] lifetime (1-4294967295)$lifetime",
	PROTOCOL_STR
	ALGORITHMS_STR
	"Each sender has an SA of its own, and replay protection\n"
	"Life of a fresh key\n"
	"Seconds\n")
{
	struct algorithms named = { mrkm_algorithm, mrkm_encryption, mrkm_integrity, ah != NULL };
	char entry[MRKM_CLI_ENTRY];

	if (!protocol_ok(vty, mrkm_protocol) || !algorithms_ok(vty, &named))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(entry, sizeof(entry), "./protocol[name='%s']", mrkm_protocol);
	nb_cli_enqueue_change(vty, entry, NB_OP_CREATE, NULL);
	set_algorithms(vty, entry, &named);
	set(vty, entry, "per-sender", per_sender ? "true" : "false");
	if (!per_sender)
		warn_of_sharing(vty, &named);
	set(vty, entry, "lifetime", lifetime_str);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_ks_protocol,
	no_mrkm_ks_protocol_cmd,
	"no protocol PROTOCOL$mrkm_protocol [<algorithm ALGORITHM|esp encryption ENCRYPTION [integrity INTEGRITY]|ah integrity INTEGRITY> [per-sender] lifetime (1-4294967295)]",
	NO_STR
	PROTOCOL_STR
	ALGORITHMS_STR
	"Each sender has an SA of its own, and replay protection\n"
	"Life of a fresh key\n"
	"Seconds\n")
{
	char xpath[XPATH_MAXLEN];

	if (!protocol_ok(vty, mrkm_protocol))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./protocol[name='%s']", mrkm_protocol);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_ks_fallback,
	mrkm_ks_fallback_cmd,
	"protocol PROTOCOL$mrkm_protocol fallback (1-3)$place <algorithm ALGORITHM$mrkm_algorithm|esp encryption ENCRYPTION$mrkm_encryption [integrity INTEGRITY$mrkm_integrity]|ah$ah integrity INTEGRITY$mrkm_integrity>",
	PROTOCOL_STR
	"What is used instead while there are members that cannot do that\n"
	"Its place: smaller numbers are tried first\n"
	ALGORITHMS_STR)
{
	struct algorithms named = { mrkm_algorithm, mrkm_encryption, mrkm_integrity, ah != NULL };
	char protocol[XPATH_MAXLEN], entry[MRKM_CLI_ENTRY];

	if (!protocol_ok(vty, mrkm_protocol) || !algorithms_ok(vty, &named))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(protocol, sizeof(protocol), "%s/protocol[name='%s']", VTY_CURR_XPATH, mrkm_protocol);
	if (!yang_dnode_exists(vty->candidate_config->dnode, protocol)) {
		vty_out(vty, "%% protocol %s is not configured here: begin with \"protocol %s\" and its first choice\n",
			mrkm_protocol, mrkm_protocol);
		return CMD_WARNING_CONFIG_FAILED;
	}
	snprintf(entry, sizeof(entry), "./protocol[name='%s']/fallback[place='%s']", mrkm_protocol, place_str);
	nb_cli_enqueue_change(vty, entry, NB_OP_CREATE, NULL);
	set_algorithms(vty, entry, &named);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_ks_fallback,
	no_mrkm_ks_fallback_cmd,
	"no protocol PROTOCOL$mrkm_protocol fallback (1-3)$place [<algorithm ALGORITHM|esp encryption ENCRYPTION [integrity INTEGRITY]|ah integrity INTEGRITY>]",
	NO_STR
	PROTOCOL_STR
	"What is used instead while there are members that cannot do that\n"
	"Its place: smaller numbers are tried first\n"
	ALGORITHMS_STR)
{
	char xpath[XPATH_MAXLEN];

	if (!protocol_ok(vty, mrkm_protocol))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./protocol[name='%s']/fallback[place='%s']", mrkm_protocol, place_str);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_ks_policy_form,
	mrkm_ks_policy_form_cmd,
	"policy-form <private|plain>$form",
	"How policies of IPsec are said to members\n"
	"By numbers of the private range, which say more; this is the default\n"
	"As AH and ESP with traffic selectors, for members of any make\n")
{
	return mrkm_cli_set(vty, "./policy-form", form);
}

DEFPY_YANG (no_mrkm_ks_policy_form,
	no_mrkm_ks_policy_form_cmd,
	"no policy-form [<private|plain>]",
	NO_STR
	"How policies of IPsec are said to members\n"
	"By numbers of the private range, which say more; this is the default\n"
	"As AH and ESP with traffic selectors, for members of any make\n")
{
	return mrkm_cli_set(vty, "./policy-form", NULL);
}

DEFPY_YANG (mrkm_ks_sender_id_bits,
	mrkm_ks_sender_id_bits_cmd,
	"sender-id-bits <8|12|16>$bits",
	"Length of the Sender-IDs that members get for counter modes\n"
	"8 bits: 256 Sender-IDs\n"
	"12 bits: 4096 Sender-IDs\n"
	"16 bits: 65536 Sender-IDs; this is the default\n")
{
	return mrkm_cli_set(vty, "./sender-id-bits", bits);
}

DEFPY_YANG (no_mrkm_ks_sender_id_bits,
	no_mrkm_ks_sender_id_bits_cmd,
	"no sender-id-bits [<8|12|16>]",
	NO_STR
	"Length of the Sender-IDs that members get for counter modes\n"
	"8 bits: 256 Sender-IDs\n"
	"12 bits: 4096 Sender-IDs\n"
	"16 bits: 65536 Sender-IDs; this is the default\n")
{
	return mrkm_cli_set(vty, "./sender-id-bits", NULL);
}

/* clang-format on */

/* ------------------------------------------------------------- completions */

static void complete(vector comps, const char *name)
{
	vector_set(comps, XSTRDUP(MTYPE_COMPLETION, name));
}

static void complete_protocol(vector comps, struct cmd_token *token)
{
	const struct keytable_protocol *protocols;
	size_t count;

	protocols = keytable_protocols(&count);
	for (size_t i = 0; i < count; i++)
		if (protocols[i].daemons[0])
			complete(comps, protocols[i].name);
}

static void complete_algorithm(vector comps, struct cmd_token *token)
{
	for (uint16_t id = 1; id <= KEYTABLE_AUTH_ALGO_MAX; id++)
		complete(comps, keytable_algorithm_by_id(id)->name);
}

static void complete_transform(vector comps, uint8_t type)
{
	const struct keytable_transform *transforms;
	size_t count;

	transforms = keytable_transforms(&count);
	for (size_t i = 0; i < count; i++)
		if (transforms[i].type == type)
			complete(comps, transforms[i].name);
}

static void complete_encryption(vector comps, struct cmd_token *token)
{
	complete_transform(comps, KEYTABLE_ENCR);
}

static void complete_integrity(vector comps, struct cmd_token *token)
{
	complete_transform(comps, KEYTABLE_INTEG);
}

static const struct cmd_variable_handler completions[] = {
	{ .varname = "mrkm_protocol", .completions = complete_protocol },
	{ .varname = "mrkm_algorithm", .completions = complete_algorithm },
	{ .varname = "mrkm_encryption", .completions = complete_encryption },
	{ .varname = "mrkm_integrity", .completions = complete_integrity },
	{},
};

void mrkm_cli_protocol_init(void)
{
	cmd_variable_handler_register(completions);

	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_protocol_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_protocol_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_fallback_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_fallback_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_policy_form_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_policy_form_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_sender_id_bits_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_sender_id_bits_cmd);
}
