"""A deployment as code: what ``plan`` would make, as a CloudFormation template or a Terraform configuration."""
