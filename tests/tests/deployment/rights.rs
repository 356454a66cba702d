//! The rights of roles, as IAM policies state them.

use std::collections::BTreeSet;

use verinym_tests::{
    deployment::{Deployment, text_of, texts},
    samconfig::main_targets,
};

use crate::{FUNCTION, local, prod};

/// Purposes for which each role may unwrap keys. Add a role here if it needs another one.
fn purposes(deployment: &Deployment, role: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for statement in deployment.statements(role) {
        if texts(&statement["Action"]).contains("kms:Decrypt") {
            all.extend(texts(&statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]));
        }
    }
    all
}

#[test]
fn each_use_of_the_data_key_names_its_purpose_on_aws() {
    for target in main_targets() {
        let deployment = target.deployment();
        for role in deployment.of_type("AWS::IAM::Role").keys() {
            for statement in deployment.statements(role) {
                let actions = texts(&statement["Action"]);
                if actions.iter().any(|action| action == "kms:Decrypt" || action.starts_with("kms:GenerateDataKey")) {
                    let purpose = &statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"];
                    assert!(!purpose.is_null(), "{role} may use the key for anything: {statement}");
                }
            }
        }
    }
    // The emulator's IAM does not know the key of the condition and would deny every call.
    let local = local("verinym");
    for role in local.of_type("AWS::IAM::Role").keys() {
        assert!(local.statements(role).iter().all(|statement| statement.get("Condition").is_none()), "{role}");
    }
}

/// A phone number has no ARN, so the right to send to one is the right to publish to `*`, less all that has an ARN.
#[test]
fn one_role_may_publish_and_to_phones_only() {
    for target in main_targets() {
        let deployment = target.deployment();
        let mut may = BTreeSet::new();
        for role in deployment.of_type("AWS::IAM::Role").keys() {
            let statements = deployment.statements(role);
            let of = |effect: &str| {
                let publishes = |statement: &&serde_json::Value| {
                    statement["Effect"] == effect && texts(&statement["Action"]).contains("sns:Publish")
                };
                statements.iter().filter(publishes).flat_map(|one| texts(&one["Resource"])).collect::<BTreeSet<_>>()
            };
            let allowed = of("Allow");
            if !allowed.is_empty() {
                assert_eq!(allowed, BTreeSet::from(["*".to_owned()]), "{role}");
                assert!(of("Deny").iter().any(|arn| arn.ends_with(":sns:*:*:*")), "{role} may publish to topics");
                may.insert(role.clone());
            }
        }
        assert_eq!(may, BTreeSet::from(["WorkersSendMailRole".to_owned()]));
    }
}

#[test]
fn a_reader_of_profiles_cannot_open_evidence() {
    let deployment = prod().deployment();
    let evidence = |role: &str| purposes(&deployment, role).contains("evidence");
    let roles = deployment.of_type("AWS::IAM::Role");
    assert!(roles.keys().any(|role| evidence(role)));
    for (name, function) in deployment.of_type(FUNCTION) {
        let role = text_of(&function["Role"]);
        let role = role.rsplit(':').next().unwrap();
        let may = [
            "Kyc",
            "AdminGetApplicant",
            "AdminGetCheck",
            "AdminListNotes",
            "AmlListHits",
            "AmlDecideHit",
            "AuthRegister",
            "AuthOauthExchange",
            "AdminImportUsers",
            "AdminCreateUser",
            "AdminInvite",
            "WorkersVerify",
            "WorkersScreenCheck",
            "WorkersApplyCallback",
            "WorkersProcessDocument",
            "WorkersRotateKeys",
        ];
        let may = may.iter().any(|prefix| name.starts_with(prefix));
        assert!(may || !evidence(role), "{name} may open evidence");
    }
    let of = |function: &str| {
        let role = text_of(&deployment.of_type(FUNCTION)[function]["Role"]);
        purposes(&deployment, role.rsplit(':').next().unwrap())
    };
    assert_eq!(of("AuthMe"), BTreeSet::from(["profile".to_owned()]));
    assert_eq!(of("KycListDocuments"), BTreeSet::from(["evidence".to_owned()]));
}

/// Without `s3:ListBucket` S3 answers 403 for a missing object, which looks like a fault and is tried again and again.
#[test]
fn readers_of_objects_can_tell_a_missing_one_from_a_refusal() {
    let deployment = prod().deployment();
    let mut readers = 0;
    for role in deployment.of_type("AWS::IAM::Role").keys() {
        let statements = deployment.statements(role);
        let of = |action: &str| -> BTreeSet<String> {
            let granting = statements.iter().filter(|statement| texts(&statement["Action"]).contains(action));
            granting.flat_map(|statement| texts(&statement["Resource"])).collect()
        };
        let listed = of("s3:ListBucket");
        for object in of("s3:GetObject") {
            let bucket = object.split('/').next().unwrap().to_owned();
            assert!(listed.contains(&bucket), "{role} reads {object} and may not list {bucket}");
            readers += 1;
        }
    }
    assert!(readers > 5);
}

/// IAM allows a role's own policies 10,240 characters together, white space apart.
#[test]
fn roles_fit_what_iam_allows() {
    for target in main_targets() {
        let deployment = target.deployment();
        for (role, properties) in deployment.of_type("AWS::IAM::Role") {
            let policies = properties["Policies"].as_array().into_iter().flatten();
            let size: usize = policies.map(|policy| policy["PolicyDocument"].to_string().len()).sum();
            assert!(size <= 8_192, "{role} has {size} characters");
        }
    }
}
