// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: which callback serves which node of frr-mrkmd.yang.
 */
#include <zebra.h>

#include "northbound.h"

#include "mrkmd/mrkm_nb.h"

/* clang-format off */
const struct frr_yang_module_info frr_mrkmd_info = {
	.name = "frr-mrkmd",
	.nodes = {
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_mrkm_destroy,
				.pre_validate = mrkm_nb_mrkm_pre_validate,
				.apply_finish = mrkm_nb_mrkm_apply_finish,
				.cli_show = mrkm_cli_show,
				.cli_show_end = mrkm_cli_show_end,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/identity",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_identity,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/identity/type",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/identity/value",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/port",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_port,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/nat-traversal-port",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_nat_traversal,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/liveness-interval",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_liveness_interval,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/certificate",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.move = mrkm_nb_move,
				.cli_show = mrkm_cli_show_certificate,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/certificate/private-key",
			.cbs = {
				.modify = mrkm_nb_private_key_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/trust-anchor",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_trust_anchor,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/trust-anchor/uri",
			.cbs = {
				.modify = mrkm_nb_trust_anchor_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/crl",
			.cbs = {
				.create = mrkm_nb_crl_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_crl,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/crl-required",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_crl_required,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/additional-key-exchange",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_additional_ke,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/additional-key-exchange/method",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.move = mrkm_nb_move,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/additional-key-exchange/required",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/keep-keys",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_keep_keys,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/keep-keys/file",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/keep-keys/key",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/keep-keys/state/problem",
			.cbs = {
				.get = mrkm_nb_keep_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.get_next = mrkm_nb_group_get_next,
				.get_keys = mrkm_nb_group_get_keys,
				.lookup_entry = mrkm_nb_group_lookup_entry,
				.cli_show = mrkm_cli_show_group,
				.cli_show_end = mrkm_cli_show_group_end,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/id",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_id,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/id/type",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/id/value",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.move = mrkm_nb_move,
				.cli_show = mrkm_cli_show_group_key_server,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/port",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/nat-traversal-port",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/preference",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/identity",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/identity/type",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/key-server/identity/value",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/pre-shared-key-file",
			.cbs = {
				.modify = mrkm_nb_psk_file_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_group_psk,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/authentication/local",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_authentication,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/authentication/remote",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_authentication,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/trust-anchor",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_group_trust_anchor,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/ppk",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ppk,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/ppk/id",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/ppk/file",
			.cbs = {
				.modify = mrkm_nb_psk_file_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/ppk/required",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/protocol",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_group_protocol,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/protocol/key-chain",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/multicast-interface",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_group_multicast,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/spi",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/message-id",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/destination",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/port",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/seconds-of-life",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekey-sa/authentication",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/state",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/problem",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key-server",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key-server-identity",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/registered-seconds",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/registrations",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/failures",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/rekeys",
			.cbs = {
				.get = mrkm_nb_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key",
			.cbs = {
				.get_next = mrkm_nb_group_key_get_next,
				.get_keys = mrkm_nb_key_get_keys,
				.lookup_entry = mrkm_nb_group_key_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/protocol",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/id",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/algorithm",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/sends",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/accepts",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/seconds-to-send",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/seconds-of-send",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/group/state/key/seconds-of-accept",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ks,
				.cli_show_end = mrkm_cli_show_ks_end,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/listen",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_listen,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/state-file",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_state_file,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/state-key",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_state_key,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/half-open-limit",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_half_open_limit,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.get_next = mrkm_nb_ks_group_get_next,
				.get_keys = mrkm_nb_ks_group_get_keys,
				.lookup_entry = mrkm_nb_ks_group_lookup_entry,
				.cli_show = mrkm_cli_show_ks_group,
				.cli_show_end = mrkm_cli_show_ks_group_end,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/id",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_id,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/id/type",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/id/value",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ks_member,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/pre-shared-key-file",
			.cbs = {
				.modify = mrkm_nb_psk_file_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/certificate",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/trust-anchor",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/receiver-only",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/ppk",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ks_member_ppk,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/ppk/file",
			.cbs = {
				.modify = mrkm_nb_psk_file_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member/ppk/required",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/member-limit",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_member_limit,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/authentication/local",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_authentication,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/authentication/remote",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_authentication,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/ppk",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ppk,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/ppk/file",
			.cbs = {
				.modify = mrkm_nb_psk_file_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/ppk/required",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ks_protocol,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/algorithm",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/esp",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/esp/encryption",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/esp/integrity",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/ah",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/ah/integrity",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/per-sender",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/lifetime",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_ks_fallback,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/algorithm",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/esp",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/esp/encryption",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/esp/integrity",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/ah",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/protocol/fallback/ah/integrity",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/policy-form",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_policy_form,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/sender-id-bits",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_sender_id_bits,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/activation-delay",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_delay,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/deactivation-delay",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_delay,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_rekey_multicast,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast/address",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast/port",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast/source",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast/ttl",
			.cbs = {
				.modify = mrkm_nb_modify,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/multicast/interface",
			.cbs = {
				.modify = mrkm_nb_modify,
				.destroy = mrkm_nb_destroy,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/lifetime",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_rekey_number,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/copies",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_rekey_number,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/wait",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_rekey_number,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/lkh-degree",
			.cbs = {
				.modify = mrkm_nb_modify,
				.cli_show = mrkm_cli_show_rekey_number,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/signature-key",
			.cbs = {
				.modify = mrkm_nb_signature_key_modify,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_rekey_signature,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/implicit",
			.cbs = {
				.create = mrkm_nb_create,
				.destroy = mrkm_nb_destroy,
				.cli_show = mrkm_cli_show_rekey_implicit,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/spi",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/message-id",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/destination",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/port",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/seconds-of-life",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/rekey-sa/authentication",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/excluded",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/tree-room",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/generation",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/members",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/pending",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/waiting-for",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/awaited",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/seconds-of-wait",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/seconds-to-roll",
			.cbs = {
				.get = mrkm_nb_ks_group_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member",
			.cbs = {
				.get_next = mrkm_nb_ks_member_get_next,
				.get_keys = mrkm_nb_ks_member_get_keys,
				.lookup_entry = mrkm_nb_ks_member_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/identity",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/address",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/port",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/registered-seconds",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/seen-seconds",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/generation",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/awaited",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/member/late",
			.cbs = {
				.get = mrkm_nb_ks_member_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/exclusion",
			.cbs = {
				.get_next = mrkm_nb_ks_exclusion_get_next,
				.get_keys = mrkm_nb_ks_exclusion_get_keys,
				.lookup_entry = mrkm_nb_ks_exclusion_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/exclusion/identity",
			.cbs = {
				.get = mrkm_nb_ks_exclusion_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/exclusion/since",
			.cbs = {
				.get = mrkm_nb_ks_exclusion_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/exclusion/reason",
			.cbs = {
				.get = mrkm_nb_ks_exclusion_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back",
			.cbs = {
				.get_next = mrkm_nb_ks_held_back_get_next,
				.get_keys = mrkm_nb_ks_held_back_get_keys,
				.lookup_entry = mrkm_nb_ks_held_back_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back/protocol",
			.cbs = {
				.get = mrkm_nb_ks_held_back_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back/algorithm",
			.cbs = {
				.get = mrkm_nb_ks_held_back_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back/members",
			.cbs = {
				.get = mrkm_nb_ks_held_back_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back/member",
			.cbs = {
				.get = mrkm_nb_ks_held_back_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key",
			.cbs = {
				.get_next = mrkm_nb_ks_group_key_get_next,
				.get_keys = mrkm_nb_key_get_keys,
				.lookup_entry = mrkm_nb_ks_group_key_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/protocol",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/id",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/algorithm",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/sends",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/accepts",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/seconds-to-send",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/seconds-of-send",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/key-server/group/state/key/seconds-of-accept",
			.cbs = {
				.get = mrkm_nb_key_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/datagrams-in",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/datagrams-out",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/retransmissions",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/registrations",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/rekeys-sent",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/rekeys-received",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/ike-sas",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/half-open",
			.cbs = {
				.get = mrkm_nb_totals_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/reason",
			.cbs = {
				.get_next = mrkm_nb_reason_get_next,
				.get_keys = mrkm_nb_reason_get_keys,
				.lookup_entry = mrkm_nb_reason_lookup_entry,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/reason/name",
			.cbs = {
				.get = mrkm_nb_reason_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:mrkmd/mrkm/statistics/reason/count",
			.cbs = {
				.get = mrkm_nb_reason_get,
			},
		},
		{
			.xpath = "/frr-mrkmd:rekey",
			.cbs = {
				.rpc = mrkm_nb_rekey,
			},
		},
		{
			.xpath = "/frr-mrkmd:re-register",
			.cbs = {
				.rpc = mrkm_nb_re_register,
			},
		},
		{
			.xpath = "/frr-mrkmd:exclude",
			.cbs = {
				.rpc = mrkm_nb_exclude,
			},
		},
		{
			.xpath = "/frr-mrkmd:readmit",
			.cbs = {
				.rpc = mrkm_nb_readmit,
			},
		},
		{
			.xpath = NULL,
		},
	},
};
