// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line of credentials: certificates, trust anchors, CRLs, who proves
 * his identity by what, post-quantum pre-shared keys.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "sockunion.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"

#include "mrkmd/mrkm_cli_auth_clippy.c"

#define PPK_STR "Post-quantum pre-shared key\n"
#define PPK_ID_STR                                                             \
	"Name of the key, the same on both sides\n"                            \
	"Name\n"
#define FILE_STR                                                               \
	"Key in a file that nobody else can read\n"                            \
	"Absolute name of the file\n"
#define IDENTITY_STR                                                           \
	"Fully qualified domain name\n"                                        \
	"Domain name, or *.domain\n"                                           \
	"Mailbox\n"                                                            \
	"user@domain, or *@domain\n"                                           \
	"Address\n"                                                            \
	"IPv4 address\n"                                                       \
	"IPv6 address\n"                                                       \
	"IPv4 prefix\n"                                                        \
	"IPv6 prefix\n"                                                        \
	"Distinguished name\n"                                                 \
	"O=Example,CN=r1; an asterisk stands for anything\n"                   \
	"Opaque name\n"                                                        \
	"Name\n"

static bool anchor_ok(struct vty *vty, const char *name)
{
	return mrkm_cli_name_ok(vty, "trust anchor", name, MRKM_NAME_SIZE - 1);
}

/* ------------------------------------------------------------------- router */

/* clang-format off */

DEFPY_YANG (mrkm_certificate,
	mrkm_certificate_cmd,
	"certificate URI$uri private-key URI$key",
	"Certificate that this router proves its identity with; the first is the best\n"
	"File with it and the CAs above it, or what a provider of OpenSSL understands\n"
	"Its private key\n"
	"File that nobody else can read, or what a provider of OpenSSL understands\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_uri_ok(vty, uri) || !mrkm_cli_uri_ok(vty, key))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./certificate[uri='%s']/private-key", uri);
	return mrkm_cli_set(vty, xpath, key);
}

DEFPY_YANG (no_mrkm_certificate,
	no_mrkm_certificate_cmd,
	"no certificate URI$uri [private-key URI$key]",
	NO_STR
	"Certificate that this router proves its identity with\n"
	"File with it and the CAs above it, or what a provider of OpenSSL understands\n"
	"Its private key\n"
	"File that nobody else can read, or what a provider of OpenSSL understands\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_uri_ok(vty, uri))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./certificate[uri='%s']", uri);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_trust_anchor,
	mrkm_trust_anchor_cmd,
	"trust-anchor NAME$mrkm_trust_anchor URI$uri",
	"Certificate that others' certificates must lead to\n"
	"Name of the trust anchor\n"
	"File with it, or what a provider of OpenSSL understands\n")
{
	char xpath[XPATH_MAXLEN];

	if (!anchor_ok(vty, mrkm_trust_anchor) || !mrkm_cli_uri_ok(vty, uri))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./trust-anchor[name='%s']/uri",
		 mrkm_trust_anchor);
	return mrkm_cli_set(vty, xpath, uri);
}

DEFPY_YANG (no_mrkm_trust_anchor,
	no_mrkm_trust_anchor_cmd,
	"no trust-anchor NAME$mrkm_trust_anchor [URI]",
	NO_STR
	"Certificate that others' certificates must lead to\n"
	"Name of the trust anchor\n"
	"File with it, or what a provider of OpenSSL understands\n")
{
	char xpath[XPATH_MAXLEN];

	if (!anchor_ok(vty, mrkm_trust_anchor))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./trust-anchor[name='%s']",
		 mrkm_trust_anchor);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_crl,
	mrkm_crl_cmd,
	"[no] crl file URI$uri",
	NO_STR
	"Certificate revocation lists\n"
	"List that is read again when it changes\n"
	"File, or what a provider of OpenSSL understands\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_uri_ok(vty, uri))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./crl[.='%s']", uri);
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (mrkm_crl_required,
	mrkm_crl_required_cmd,
	"[no] crl required",
	NO_STR
	"Certificate revocation lists\n"
	"Refuse certificates whose issuer has no list here\n")
{
	return mrkm_cli_set(vty, "./crl-required", no ? NULL : "true");
}

/* One change for each of "ml-kem-1024,ml-kem-768". */
static void add_methods(struct vty *vty, const char *list)
{
	char names[MRKM_NAME_SIZE], xpath[XPATH_MAXLEN];
	char *rest = NULL, *name;

	strlcpy(names, list, sizeof(names));
	for (name = strtok_r(names, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		snprintf(xpath, sizeof(xpath),
			 "./additional-key-exchange/method[.='%s']", name);
		nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	}
}

DEFPY_YANG (mrkm_additional_ke,
	mrkm_additional_ke_cmd,
	"additional-key-exchange <none$none|METHODS$methods [required$required]>",
	"Key exchange besides the first, against quantum computers\n"
	"No such key exchange\n"
	"Methods to choose one of, best first, with commas in between\n"
	"Agree on nothing without it\n")
{
	if (!none && !mrkm_cli_name_ok(vty, "methods", methods, MRKM_NAME_SIZE - 1))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./additional-key-exchange", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./additional-key-exchange", NB_OP_CREATE, NULL);
	if (!none)
		add_methods(vty, methods);
	if (required)
		nb_cli_enqueue_change(vty, "./additional-key-exchange/required",
				      NB_OP_MODIFY, "true");
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_additional_ke,
	no_mrkm_additional_ke_cmd,
	"no additional-key-exchange [<none|METHODS [required]>]",
	NO_STR
	"Key exchange besides the first, against quantum computers\n"
	"No such key exchange\n"
	"Methods to choose one of, best first, with commas in between\n"
	"Agree on nothing without it\n")
{
	return mrkm_cli_destroy(vty, "./additional-key-exchange");
}

/* ------------------------------------------------------ groups, either role */

DEFPY_YANG (mrkm_authentication,
	mrkm_authentication_cmd,
	"authentication <local|remote>$side <pre-shared-key|certificate|any>$method",
	"How identities are proven\n"
	"By this router\n"
	"By the other side\n"
	"By a pre-shared key\n"
	"By a certificate\n"
	"By either\n")
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./authentication/%s", side);
	return mrkm_cli_set(vty, xpath, method);
}

DEFPY_YANG (no_mrkm_authentication,
	no_mrkm_authentication_cmd,
	"no authentication <local|remote>$side [<pre-shared-key|certificate|any>]",
	NO_STR
	"How identities are proven\n"
	"By this router\n"
	"By the other side\n"
	"By a pre-shared key\n"
	"By a certificate\n"
	"By either\n")
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./authentication/%s", side);
	return mrkm_cli_destroy(vty, xpath);
}

/* A PPK into an entry of a list, or into a container. */
static int set_ppk(struct vty *vty, const char *entry, const char *file,
		   bool required)
{
	char path[XPATH_MAXLEN], flag[XPATH_MAXLEN];

	if (!mrkm_cli_file_ok(vty, file))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(path, sizeof(path), "%s/file", entry);
	snprintf(flag, sizeof(flag), "%s/required", entry);
	nb_cli_enqueue_change(vty, path, NB_OP_MODIFY, file);
	nb_cli_enqueue_change(vty, flag, NB_OP_MODIFY, required ? "true" : NULL);
	return nb_cli_apply_changes(vty, NULL);
}

static bool ppk_id_ok(struct vty *vty, const char *id)
{
	return mrkm_cli_name_ok(vty, "PPK ID", id, GIKEV2_PPK_ID_MAX);
}

DEFPY_YANG (mrkm_group_set_ppk,
	mrkm_group_set_ppk_cmd,
	"ppk id NAME$id file FILE$file [required$required]",
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	if (!ppk_id_ok(vty, id) || !mrkm_cli_file_ok(vty, file))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./ppk", NB_OP_CREATE, NULL);
	nb_cli_enqueue_change(vty, "./ppk/id", NB_OP_MODIFY, id);
	return set_ppk(vty, "./ppk", file, required != NULL);
}

DEFPY_YANG (no_mrkm_group_set_ppk,
	no_mrkm_group_set_ppk_cmd,
	"no ppk [id NAME [file FILE [required]]]",
	NO_STR
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	return mrkm_cli_destroy(vty, "./ppk");
}

DEFPY_YANG (mrkm_group_trust_anchor,
	mrkm_group_trust_anchor_cmd,
	"trust-anchor NAME$mrkm_trust_anchor",
	"What key servers' certificates must lead to, instead of any trust anchor\n"
	"Name of a trust anchor of this router\n")
{
	if (!anchor_ok(vty, mrkm_trust_anchor))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set(vty, "./trust-anchor", mrkm_trust_anchor);
}

DEFPY_YANG (no_mrkm_group_trust_anchor,
	no_mrkm_group_trust_anchor_cmd,
	"no trust-anchor [NAME]",
	NO_STR
	"What key servers' certificates must lead to, instead of any trust anchor\n"
	"Name of a trust anchor of this router\n")
{
	return mrkm_cli_destroy(vty, "./trust-anchor");
}

/* ------------------------------------------------------- key server's groups */

DEFPY_YANG (mrkm_ks_set_ppk,
	mrkm_ks_set_ppk_cmd,
	"ppk id NAME$id file FILE$file [required$required]",
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	char entry[MRKM_CLI_ENTRY];

	if (!ppk_id_ok(vty, id))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(entry, sizeof(entry), "./ppk[id='%s']", id);
	return set_ppk(vty, entry, file, required != NULL);
}

DEFPY_YANG (no_mrkm_ks_set_ppk,
	no_mrkm_ks_set_ppk_cmd,
	"no ppk id NAME$id [file FILE [required]]",
	NO_STR
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	char entry[MRKM_CLI_ENTRY];

	if (!ppk_id_ok(vty, id))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(entry, sizeof(entry), "./ppk[id='%s']", id);
	return mrkm_cli_destroy(vty, entry);
}

DEFPY_YANG (mrkm_ks_member_certificate,
	mrkm_ks_member_certificate_cmd,
	"member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> certificate [trust-anchor NAME$mrkm_trust_anchor]",
	"Router that may join the group\n"
	IDENTITY_STR
	"It proves its identity by a certificate\n"
	"What that must lead to, instead of any trust anchor\n"
	"Name of a trust anchor of this router\n")
{
	char entry[MRKM_CLI_ENTRY], certificate[XPATH_MAXLEN], anchor[XPATH_MAXLEN];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id) ||
	    (mrkm_trust_anchor && !anchor_ok(vty, mrkm_trust_anchor)))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, entry, sizeof(entry));
	snprintf(certificate, sizeof(certificate), "%s/certificate", entry);
	snprintf(anchor, sizeof(anchor), "%s/trust-anchor", entry);
	nb_cli_enqueue_change(vty, certificate, NB_OP_CREATE, NULL);
	nb_cli_enqueue_change(vty, anchor,
			      mrkm_trust_anchor ? NB_OP_MODIFY : NB_OP_DESTROY,
			      mrkm_trust_anchor);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_ks_member_certificate,
	no_mrkm_ks_member_certificate_cmd,
	"no member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> certificate [trust-anchor NAME]",
	NO_STR
	"Router that may join the group\n"
	IDENTITY_STR
	"It proves its identity by a certificate\n"
	"What that must lead to, instead of any trust anchor\n"
	"Name of a trust anchor of this router\n")
{
	struct mrkm_cli_identity identity;
	char entry[MRKM_CLI_ENTRY], anchor[XPATH_MAXLEN];

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, entry, sizeof(entry));
	snprintf(anchor, sizeof(anchor), "%s/trust-anchor", entry);
	nb_cli_enqueue_change(vty, anchor, NB_OP_DESTROY, NULL);
	return mrkm_cli_destroy_credential(vty, entry, "certificate",
					   "pre-shared-key-file");
}

DEFPY_YANG (mrkm_ks_member_receiver,
	mrkm_ks_member_receiver_cmd,
	"[no] member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> receiver-only",
	NO_STR
	"Router that may join the group\n"
	IDENTITY_STR
	"It gets nothing to send with\n")
{
	char entry[MRKM_CLI_ENTRY], xpath[XPATH_MAXLEN];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, entry, sizeof(entry));
	snprintf(xpath, sizeof(xpath), "%s/receiver-only", entry);
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (mrkm_ks_member_limit,
	mrkm_ks_member_limit_cmd,
	"member-limit (1-1000000)$limit",
	"How many members may be registered at once\n"
	"Number of members\n")
{
	return mrkm_cli_set(vty, "./member-limit", limit_str);
}

DEFPY_YANG (no_mrkm_ks_member_limit,
	no_mrkm_ks_member_limit_cmd,
	"no member-limit [(1-1000000)]",
	NO_STR
	"How many members may be registered at once\n"
	"Number of members\n")
{
	return mrkm_cli_destroy(vty, "./member-limit");
}

DEFPY_YANG (mrkm_ks_member_ppk,
	mrkm_ks_member_ppk_cmd,
	"member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> ppk id NAME$id file FILE$file [required$required]",
	"Router that may join the group\n"
	IDENTITY_STR
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	char member[MRKM_CLI_ENTRY], entry[XPATH_MAXLEN];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id) ||
	    !ppk_id_ok(vty, id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, member, sizeof(member));
	snprintf(entry, sizeof(entry), "%s/ppk[id='%s']", member, id);
	return set_ppk(vty, entry, file, required != NULL);
}

DEFPY_YANG (no_mrkm_ks_member_ppk,
	no_mrkm_ks_member_ppk_cmd,
	"no member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> ppk id NAME$id [file FILE [required]]",
	NO_STR
	"Router that may join the group\n"
	IDENTITY_STR
	PPK_STR
	PPK_ID_STR
	FILE_STR
	"Agree on nothing without it\n")
{
	char member[MRKM_CLI_ENTRY], entry[XPATH_MAXLEN];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id) ||
	    !ppk_id_ok(vty, id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, member, sizeof(member));
	snprintf(entry, sizeof(entry), "%s/ppk[id='%s']", member, id);
	return mrkm_cli_destroy(vty, entry);
}

/* clang-format on */

static const struct cmd_variable_handler completions[] = {
	{ .varname = "mrkm_trust_anchor",
	  .xpath = MRKM_XPATH "/trust-anchor/name" },
	{},
};

void mrkm_cli_auth_init(void)
{
	cmd_variable_handler_register(completions);
	install_element(MRKM_NODE, &mrkm_certificate_cmd);
	install_element(MRKM_NODE, &no_mrkm_certificate_cmd);
	install_element(MRKM_NODE, &mrkm_trust_anchor_cmd);
	install_element(MRKM_NODE, &no_mrkm_trust_anchor_cmd);
	install_element(MRKM_NODE, &mrkm_crl_cmd);
	install_element(MRKM_NODE, &mrkm_crl_required_cmd);
	install_element(MRKM_NODE, &mrkm_additional_ke_cmd);
	install_element(MRKM_NODE, &no_mrkm_additional_ke_cmd);

	install_element(MRKM_GROUP_NODE, &mrkm_authentication_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_authentication_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_group_trust_anchor_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_trust_anchor_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_group_set_ppk_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_set_ppk_cmd);

	install_element(MRKM_KS_GROUP_NODE, &mrkm_authentication_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_authentication_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_set_ppk_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_set_ppk_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_member_certificate_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_member_certificate_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_member_receiver_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_member_limit_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_member_limit_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_member_ppk_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_member_ppk_cmd);
}
