//! The seven data-source queries.

use http::Method;
use serde_json::{Value, json};

use crate::models::run;
use crate::support::Api;

#[test]
fn what_models_there_are() {
    run(async |e| {
        let api = Api::admin(e);
        let get = async |path: &str| {
            api.model(Method::GET, &format!("datasource/prod/{path}"), Value::Null)
                .await
        };

        let list = get("aggregateDataSourceList?pageSize=2&pageIndex=1&envId=test-env").await;
        assert_eq!(list["data"]["Count"], json!(6));
        let names: Vec<&str> = list["data"]["Rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["Name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["comment", "label"]);
        let row = &list["data"]["Rows"][0];
        assert_eq!(
            (&row["EnvId"], &row["DbInstanceType"], &row["Type"]),
            (&json!("test-env"), &json!("MYSQL"), &json!("database"))
        );
        assert_eq!(
            row["RelationFieldList"],
            json!([{"Field": "post", "Format": "many-one", "RelateDataSourceName": "post"}])
        );
        let schema: Value = serde_json::from_str(row["Schema"].as_str().unwrap()).unwrap();
        assert_eq!(schema["properties"]["comment"], json!({"type": "string"}));
        let some = get(
            "aggregateDataSourceList?pageSize=10&envId=test-env&dataSourceNames=todo&dataSourceNames=post",
        )
        .await;
        assert_eq!(some["data"]["Count"], json!(2));
        assert_eq!(
            get("aggregateDataSourceList").await["code"],
            json!("MISSING_PARAMETER")
        );

        let detail = get("dataSourceAggregateDetail?datasourceId=ds-8k2").await;
        assert_eq!(
            (
                &detail["data"]["Name"],
                &detail["data"]["Title"],
                &detail["data"]["Configuration"]
            ),
            (&json!("profile"), &json!("Profile"), &json!({}))
        );
        assert_eq!(
            get("dataSourceAggregateDetail").await["code"],
            json!("MISSING_PARAMETER")
        );

        let tables =
            get("dataSourceByTableName?tableNames=todo&tableNames=todo_preview&tableNames=other")
                .await;
        let infos = &tables["data"]["DataSourceTableInfos"];
        assert_eq!(
            (
                &infos[0]["IsDataSource"],
                &infos[0]["IsPreview"],
                &infos[0]["Title"]
            ),
            (&json!(true), &json!(false), &json!("Todo"))
        );
        assert_eq!(
            (
                &infos[1]["Name"],
                &infos[1]["IsPreview"],
                &infos[2]["IsDataSource"]
            ),
            (&json!("todo"), &json!(true), &json!(false))
        );

        let basic = get("basicDataSource?dataSourceName=todo").await;
        assert_eq!(
            (
                &basic["data"]["Id"],
                &basic["data"]["PublishedTableName"],
                &basic["data"]["Methods"]
            ),
            (&json!("ds-todo"), &json!("todo"), &json!("[]"))
        );
        assert_eq!(
            get("basicDataSource?dataSourceName=nope").await["code"],
            json!("DATASOURCE_NOT_EXIST")
        );

        let list = async |body: Value| {
            api.model(Method::POST, "datasource/prod/basicDataSourceList", body)
                .await["data"]
                .clone()
        };
        let page = list(json!({"PageNum": 2, "PageSize": 4})).await;
        assert_eq!(
            (
                page["DataSourceList"].as_array().unwrap().len(),
                &page["Total"]
            ),
            (2, &json!(6))
        );
        assert_eq!(
            list(json!({"NameList": ["todo"]})).await["DataSourceList"][0]["Name"],
            json!("todo")
        );
        assert_eq!(
            list(json!({"QueryFilterList": [{"Name": "Name", "Values": ["o"], "Like": true}]}))
                .await["Total"],
            json!(5)
        );

        let schemas = get("schemaList?dataSourceNameList=comment").await;
        let info = &schemas["data"]["DataSourceRelationInfoList"][0];
        assert_eq!(
            (
                &info["Name"],
                &info["RelatedFieldKey"],
                &info["RelatedType"]
            ),
            (&json!("comment"), &json!("post"), &json!("many-one"))
        );

        // Alone of all it has no `data` around it.
        let table = get("tableName?dataSourceName=todo").await;
        assert_eq!(
            table,
            json!({"TableName": ["todo", "todo_preview"], "DbType": "MYSQL"})
        );
        let tables = get("tableName").await;
        assert_eq!(tables["TableName"].as_array().unwrap().len(), 12);
        assert_eq!(
            get("tableName?dataSourceName=nope").await["code"],
            json!("DATASOURCE_NOT_EXIST")
        );

        let visitor = Api::publishable(e);
        let rejected = visitor
            .model(Method::GET, "datasource/prod/schemaList", Value::Null)
            .await;
        assert_eq!(rejected["code"], json!("UNAUTHORIZED_OPERATION"));
    });
}

/// A filter that nothing here fits finds nothing, and one that cannot be understood is rejected.
#[test]
fn no_filter_is_ignored() {
    run(async |e| {
        let api = Api::admin(e);
        let get = async |path: &str| {
            api.model(Method::GET, &format!("datasource/prod/{path}"), Value::Null)
                .await
        };
        let list = async |more: &str| {
            get(&format!(
                "aggregateDataSourceList?pageSize=9&envId=test-env&{more}"
            ))
            .await
        };
        for (more, count) in [
            (
                "queryConnector=1&querySystemModel=false&queryBindToApp=0",
                6,
            ),
            ("viewIds=v", 0),
            ("appIds=a&appIds=b", 0),
            ("channelList=wx", 0),
            ("queryBindToApp=1", 0),
            ("dbInstanceType=FLEXDB", 0),
            ("databaseTableNames=todo_preview", 1),
        ] {
            assert_eq!(list(more).await["data"]["Count"], json!(count), "{more}");
        }
        let plain = list("queryDataSourceRelationList=false").await;
        assert_eq!(plain["data"]["Rows"][0]["RelationFieldList"], json!([]));
        for (path, code) in [
            ("aggregateDataSourceList?pageSize=9", "MISSING_PARAMETER"),
            (
                "aggregateDataSourceList?pageSize=9&envId=other",
                "INVALID_PARAMETER_VALUE",
            ),
            (
                "aggregateDataSourceList?pageSize=9&envId=test-env&appLinkStatus=1",
                "UNSUPPORTED_OPERATION",
            ),
            (
                "aggregateDataSourceList?pageSize=9&envId=test-env&queryAll=yes",
                "INVALID_PARAMETER_VALUE",
            ),
            (
                "basicDataSource?dataSourceName=todo&queryPublish=2",
                "INVALID_PARAMETER_VALUE",
            ),
            (
                "basicDataSource?dataSourceName=todo&viewId=v",
                "DATASOURCE_NOT_EXIST",
            ),
            (
                "basicDataSource?dataSourceName=todo&databaseTableName=post",
                "DATASOURCE_NOT_EXIST",
            ),
            (
                "dataSourceAggregateDetail?dataSourceName=todo&dbInstanceType=FLEXDB",
                "DATASOURCE_NOT_EXIST",
            ),
        ] {
            assert_eq!(get(path).await["code"], json!(code), "{path}");
        }
        let detail = "dataSourceAggregateDetail?dataSourceName=comment&databaseTableName=comment";
        let relations = async |more: &str| {
            let detail = get(&format!("{detail}{more}")).await;
            detail["data"]["RelationFieldList"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(relations("&queryModelRelation=true").await, 1);
        assert_eq!(relations("&queryModelRelation=false").await, 0);

        let basic = async |body: Value| {
            api.model(Method::POST, "datasource/prod/basicDataSourceList", body)
                .await
        };
        assert_eq!(
            basic(json!({"OnlyFlexDb": true})).await["data"]["Total"],
            json!(0)
        );
        assert_eq!(
            basic(json!({"OnlyFlexDb": false})).await["data"]["Total"],
            json!(6)
        );
        assert_eq!(
            basic(json!({"QueryAll": "yes"})).await["code"],
            json!("INVALID_PARAMETER")
        );
    });
}
