//! Mails with the templates of a deployment.

use verinym_tests::{Stack, people::tag, world::World};

use crate::crash::Applicant;

/// The subjects of the mails of a person who confirms an address, in a deployment with this object of templates.
async fn subjects(templates: &str) -> Vec<String> {
    let stack = Stack::get();
    let name = format!("{}.json", tag());
    let world = World::new(&stack, &[("MAIL_TEMPLATES", &name)]).await;
    world.aws.put_object(&world.app().config.lists_bucket, &format!("mail/{name}"), templates).await;
    let applicant = Applicant::new(&world).await;
    stack.mails(applicant.email()).await.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn templates_of_the_deployment_replace_ours() {
    let templates = r#"{"email_verified/en/subject.txt": "{{ product }} knows this address"}"#;
    assert_eq!(subjects(templates).await, ["Please confirm your address", "Verinym knows this address"]);
}

#[tokio::test]
async fn faulty_templates_of_the_deployment_are_not_used() {
    for templates in [
        r#"{"email_verified/en/subject.txt": "{{ nothing }}"}"#,
        r#"{"email_verified/en/subject.txt": "One", "praise/en/subject.txt": "Well done"}"#,
        "no JSON",
    ] {
        assert_eq!(
            subjects(templates).await,
            ["Please confirm your address", "Your address is confirmed"],
            "{templates}"
        );
    }
}
